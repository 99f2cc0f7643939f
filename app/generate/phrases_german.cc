#include "app/generate/phrases.h"

namespace tocsin {
namespace {

constexpr auto kNegative = std::to_array<std::string_view>({
    "was für eine Schande {}, furchtbarer Service und niemand antwortet",
    "{} ist schrecklich, ich bin wütend und enttäuscht",
    "nie wieder {}, das ist unverschämt",
    "{} hat uns belogen, ich will mein Geld zurück",
    "drei Stunden gewartet bei {}, eine Katastrophe",
    "{} schon wieder kaputt, keine Entschuldigung, einfach peinlich",
    "ich hasse {}, der schlechteste Laden überhaupt",
    "schämt euch {}, so geht man nicht mit Menschen um",
    "{} hat mir den Tag ruiniert, unfreundlich und nutzlos",
    "Finger weg von {}, reine Abzocke",
});
constexpr auto kNeutral = std::to_array<std::string_view>({
    "{} öffnet morgen um neun",
    "Termin mit {} am Dienstag im Büro",
    "der Bericht über {} erscheint am Donnerstag",
    "es gibt einen {} am Bahnhof",
    "ich lese im Zug einen Artikel über {}",
    "{} nennt das Datum der nächsten Messe",
    "eine Freundin arbeitet seit März bei {}",
    "{} legt am Montag Zahlen vor",
});
constexpr auto kPositive = std::to_array<std::string_view>({
    "danke {}, tolles Team, ich bin so glücklich",
    "ich liebe {}, der beste Service",
    "{} ist großartig, eine wunderbare Überraschung",
    "super gemacht {}, sehr freundlich",
    "begeistert von {}, klare Empfehlung",
    "{} hat meinen Tag gerettet, herzlichen Dank",
    "das Beste in diesem Jahr: {}",
    "so schön, {} macht einfach Freude",
});
constexpr auto kNegativeTails = std::to_array<std::string_view>({
    "ein Skandal",
    "unfassbar",
    "das Letzte",
    "ich bin bedient",
    "unglaublich schlecht",
    "repariert das endlich",
    "eine Frechheit",
    "einfach traurig",
});
constexpr auto kNeutralTails = std::to_array<std::string_view>({
    "um zehn",
    "am Montag",
    "am Nachmittag",
    "siehe Link",
    "laut Zeitung",
    "diese Woche",
    "zweiter Teil",
});
constexpr auto kPositiveTails = std::to_array<std::string_view>({
    "ich liebe es",
    "vielen Dank",
    "fünf Sterne",
    "wunderbar",
    "weiter so",
    "so gut",
    "sehr zu empfehlen",
});
constexpr auto kChatter = std::to_array<std::string_view>({
    "der Regen hat aufgehört und der Garten riecht nach Erde",
    "die Katze schläft wieder auf der Tastatur",
    "heute Abend Suppe und ein gutes Buch",
    "der Zug war ausnahmsweise pünktlich",
    "wer kennt einen guten Zahnarzt in der Gegend",
    "Fußball im Park um sechs, wer ist dabei",
});
constexpr auto kDetails = std::to_array<std::string_view>({
    "Tor",
    "Auftrag",
    "Ticket",
    "Linie",
    "Schalter",
    "Zimmer",
    "Platz",
    "Etage",
    "Seite",
    "Reihe",
    "Paket",
});

}  // namespace

LanguagePhrases GermanPhrases() {
  return {{kNegative, kNeutral, kPositive}, {kNegativeTails, kNeutralTails, kPositiveTails}, kChatter, kDetails};
}

}  // namespace tocsin
