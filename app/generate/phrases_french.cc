#include "app/generate/phrases.h"

namespace tocsin {
namespace {

constexpr auto kNegative = std::to_array<std::string_view>({
    "quelle honte {}, service lamentable et personne ne répond",
    "{} est nul, je suis vraiment déçu et en colère",
    "plus jamais {}, c'est scandaleux",
    "{} ment à ses clients, c'est inadmissible",
    "le pire service, merci {} pour rien, dégoûté",
    "{} une catastrophe, encore en panne, quelle honte",
    "je déteste {}, c'est honteux et mal organisé",
    "{} m'a menti, je suis furieuse",
    "trois heures d'attente chez {}, un désastre",
    "à fuir, {} se moque du monde",
    "très en colère contre {}, toujours aucune excuse",
    "{} a tout gâché, pire expérience de ma vie",
});
constexpr auto kNeutral = std::to_array<std::string_view>({
    "{} ouvre demain à neuf heures",
    "réunion avec {} mardi au bureau",
    "le rapport sur {} paraît jeudi",
    "il y a un {} près de la gare",
    "je lis un article sur {} dans le train",
    "{} annonce la date de son prochain salon",
    "une amie travaille chez {} depuis mars",
    "{} présente ses chiffres lundi",
});
constexpr auto kPositive = std::to_array<std::string_view>({
    "merci {}, super équipe, je suis ravi",
    "j'adore {}, un vrai plaisir",
    "bravo {}, excellent travail, magnifique",
    "{} est génial, très belle surprise",
    "très contente de {}, je recommande",
    "{} a sauvé ma journée, quelle gentillesse",
    "que du bonheur avec {}, parfait",
    "heureux avec {}, le meilleur choix de l'année",
});
constexpr auto kNegativeTails = std::to_array<std::string_view>({
    "c'est un scandale",
    "quelle honte",
    "du jamais vu",
    "je suis dégoûté",
    "inadmissible",
    "réparez ça",
    "remboursez-nous",
    "c'est lamentable",
});
constexpr auto kNeutralTails = std::to_array<std::string_view>({
    "à dix heures",
    "lundi",
    "dans l'après-midi",
    "voir le lien",
    "selon le journal",
    "cette semaine",
    "deuxième partie",
});
constexpr auto kPositiveTails = std::to_array<std::string_view>({
    "j'adore",
    "merci encore",
    "un grand bravo",
    "cinq étoiles",
    "quel plaisir",
    "magnifique",
    "à recommander",
});
constexpr auto kChatter = std::to_array<std::string_view>({
    "la pluie tombe sur les toits de la ville",
    "le chat dort encore sur le clavier",
    "ce soir soupe de poireaux et un bon livre",
    "le train était à l'heure pour une fois",
    "qui connaît un bon dentiste dans le coin",
    "on joue au parc à six heures",
});
constexpr auto kDetails = std::to_array<std::string_view>({
    "porte",
    "dossier",
    "billet",
    "ligne",
    "guichet",
    "salle",
    "place",
    "étage",
    "page",
    "appel",
    "rang",
    "colis",
});

}  // namespace

LanguagePhrases FrenchPhrases() {
  return {{kNegative, kNeutral, kPositive}, {kNegativeTails, kNeutralTails, kPositiveTails}, kChatter, kDetails};
}

}  // namespace tocsin
