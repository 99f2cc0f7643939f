#include "app/generate/phrases.h"

namespace tocsin {
namespace {

constexpr auto kNegative = std::to_array<std::string_view>({
    "qué vergüenza {}, un servicio pésimo y nadie responde",
    "{} es horrible, estoy enfadado y decepcionado",
    "nunca más {}, es un escándalo",
    "{} nos ha mentido, quiero mi dinero",
    "tres horas esperando a {}, un desastre",
    "{} otra vez roto y ni una disculpa, qué asco",
    "odio {}, la peor empresa de todas",
    "{} me ha arruinado el día, personal maleducado",
    "una estafa, {} se ríe de la gente",
    "muy mal {}, estoy furiosa",
});
constexpr auto kNeutral = std::to_array<std::string_view>({
    "{} abre mañana a las nueve",
    "reunión con {} el martes en la oficina",
    "el informe sobre {} sale el jueves",
    "hay un {} cerca de la estación",
    "leo un artículo sobre {} en el tren",
    "{} anuncia la fecha de su próxima feria",
    "una amiga trabaja en {} desde marzo",
    "{} presenta sus cifras el lunes",
});
constexpr auto kPositive = std::to_array<std::string_view>({
    "gracias {}, qué gran equipo, estoy feliz",
    "me encanta {}, el mejor servicio",
    "{} es genial, una sorpresa preciosa",
    "enhorabuena {}, excelente trabajo",
    "muy contenta con {}, lo recomiendo",
    "{} me ha salvado el día, qué amables",
    "lo mejor del año, {} perfecto",
    "un placer {}, maravilloso",
});
constexpr auto kNegativeTails = std::to_array<std::string_view>({
    "es un escándalo",
    "qué vergüenza",
    "lo peor",
    "estoy harto",
    "inaceptable",
    "devolved el dinero",
    "una pena",
    "fatal",
});
constexpr auto kNeutralTails = std::to_array<std::string_view>({
    "a las diez",
    "el lunes",
    "por la tarde",
    "ver enlace",
    "según el periódico",
    "esta semana",
    "segunda parte",
});
constexpr auto kPositiveTails = std::to_array<std::string_view>({
    "me encanta",
    "muchas gracias",
    "cinco estrellas",
    "qué alegría",
    "fantástico",
    "muy recomendable",
    "bravo",
});
constexpr auto kChatter = std::to_array<std::string_view>({
    "ha parado la lluvia y el jardín huele a tierra",
    "el gato duerme otra vez sobre el teclado",
    "esta noche sopa y un buen libro",
    "el tren ha llegado a su hora por una vez",
    "quién conoce un buen dentista por aquí",
    "partido en el parque a las seis, quién viene",
});
constexpr auto kDetails = std::to_array<std::string_view>({
    "puerta",
    "pedido",
    "billete",
    "línea",
    "ventanilla",
    "sala",
    "asiento",
    "planta",
    "página",
    "fila",
    "paquete",
});

}  // namespace

LanguagePhrases SpanishPhrases() {
  return {{kNegative, kNeutral, kPositive}, {kNegativeTails, kNeutralTails, kPositiveTails}, kChatter, kDetails};
}

}  // namespace tocsin
