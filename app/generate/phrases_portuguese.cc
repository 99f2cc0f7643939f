#include "app/generate/phrases.h"

namespace tocsin {
namespace {

constexpr auto kNegative = std::to_array<std::string_view>({
    "que vergonha {}, serviço péssimo e ninguém responde",
    "{} é horrível, estou furioso e desiludido",
    "nunca mais {}, é um escândalo",
    "a {} mentiu, quero o meu dinheiro",
    "três horas à espera da {}, um desastre",
    "{} avariado outra vez e nem uma desculpa",
    "odeio {}, a pior empresa de todas",
    "{} estragou o meu dia, pessoal mal educado",
    "uma fraude, {} goza com as pessoas",
    "muito mau {}, que nojo",
});
constexpr auto kNeutral = std::to_array<std::string_view>({
    "{} abre amanhã às nove",
    "reunião com {} na terça no escritório",
    "o relatório sobre {} sai na quinta",
    "há um {} perto da estação",
    "leio no comboio um artigo sobre {}",
    "{} anuncia a data da próxima feira",
    "uma amiga trabalha na {} desde março",
    "{} apresenta os números na segunda",
});
constexpr auto kPositive = std::to_array<std::string_view>({
    "obrigada {}, que equipa fantástica, estou feliz",
    "adoro {}, o melhor serviço",
    "{} é ótimo, uma bela surpresa",
    "parabéns {}, excelente trabalho",
    "muito contente com {}, recomendo",
    "{} salvou o meu dia, que simpatia",
    "o melhor do ano, {} perfeito",
    "que maravilha {}, um prazer",
});
constexpr auto kNegativeTails = std::to_array<std::string_view>({
    "é um escândalo",
    "que vergonha",
    "o pior",
    "estou farto",
    "inaceitável",
    "devolvam o dinheiro",
    "uma tristeza",
    "muito mau",
});
constexpr auto kNeutralTails = std::to_array<std::string_view>({
    "às dez",
    "na segunda",
    "à tarde",
    "ver a ligação",
    "segundo o jornal",
    "esta semana",
    "segunda parte",
});
constexpr auto kPositiveTails = std::to_array<std::string_view>({
    "adoro",
    "muito obrigado",
    "cinco estrelas",
    "que alegria",
    "fantástico",
    "recomendo",
    "bravo",
});
constexpr auto kChatter = std::to_array<std::string_view>({
    "a chuva parou e o jardim cheira a terra",
    "o gato dorme outra vez em cima do teclado",
    "hoje à noite sopa e um bom livro",
    "o comboio chegou a horas por uma vez",
    "quem conhece um bom dentista por aqui",
    "jogo no parque às seis, quem vem",
});
constexpr auto kDetails = std::to_array<std::string_view>({
    "porta",
    "pedido",
    "bilhete",
    "linha",
    "balcão",
    "sala",
    "lugar",
    "andar",
    "página",
    "fila",
    "encomenda",
});

}  // namespace

LanguagePhrases PortuguesePhrases() {
  return {{kNegative, kNeutral, kPositive}, {kNegativeTails, kNeutralTails, kPositiveTails}, kChatter, kDetails};
}

}  // namespace tocsin
