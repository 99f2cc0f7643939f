#include "app/generate/phrases.h"

namespace tocsin {
namespace {

constexpr auto kNegative = std::to_array<std::string_view>({
    "che vergogna {}, servizio pessimo e nessuno risponde",
    "{} fa schifo, sono arrabbiato e deluso",
    "mai più {}, uno scandalo",
    "{} il peggio, ancora guasto, vergogna",
    "odio {}, sempre la stessa storia, pessimi",
    "{} ci ha mentito, sono furiosa",
    "tre ore di attesa da {}, un disastro",
    "vergognatevi {}, nessuna scusa",
    "soldi buttati con {}, che delusione",
    "{} mi ha rovinato la giornata, personale maleducato",
});
constexpr auto kNeutral = std::to_array<std::string_view>({
    "{} apre domani alle nove",
    "riunione con {} martedì in ufficio",
    "il rapporto su {} esce giovedì",
    "leggo un articolo su {} in treno",
    "{} annuncia la data del prossimo evento",
    "un'amica lavora da {} da marzo",
    "{} presenta i conti lunedì",
    "c'è un {} vicino alla stazione",
});
constexpr auto kPositive = std::to_array<std::string_view>({
    "grazie {}, bravissimi, sono felice",
    "adoro {}, bellissimo",
    "complimenti {}, ottimo lavoro, che meraviglia",
    "{} è fantastico, che bella sorpresa",
    "felicissima di {}, lo consiglio",
    "{} mi ha salvato la giornata, gentilissimi",
    "la scelta migliore dell'anno, {} perfetto",
});
constexpr auto kNegativeTails = std::to_array<std::string_view>({
    "è uno scandalo",
    "che schifo",
    "mai più",
    "sono deluso",
    "inaccettabile",
    "rimborsateci",
    "una vergogna",
    "non ne posso più",
});
constexpr auto kNeutralTails = std::to_array<std::string_view>({
    "alle dieci",
    "lunedì",
    "nel pomeriggio",
    "vedi il link",
    "secondo il giornale",
    "questa settimana",
    "seconda parte",
});
constexpr auto kPositiveTails = std::to_array<std::string_view>({
    "lo adoro",
    "grazie ancora",
    "bravissimi",
    "cinque stelle",
    "che bello",
    "stupendo",
    "consigliatissimo",
});
constexpr auto kChatter = std::to_array<std::string_view>({
    "oggi mercato, pomodori e basilico",
    "il gatto dorme ancora sulla tastiera",
    "piove sui tetti della città",
    "stasera film e divano",
    "il treno era in orario per una volta",
    "chi conosce un bravo dentista da queste parti",
});
constexpr auto kDetails = std::to_array<std::string_view>({
    "porta",
    "pratica",
    "biglietto",
    "linea",
    "sportello",
    "sala",
    "posto",
    "piano",
    "pagina",
    "fila",
    "pacco",
});

}  // namespace

LanguagePhrases ItalianPhrases() {
  return {{kNegative, kNeutral, kPositive}, {kNegativeTails, kNeutralTails, kPositiveTails}, kChatter, kDetails};
}

}  // namespace tocsin
