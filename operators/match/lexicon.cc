#include "operators/match/lexicon.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/str_split.h"
#include "operators/mention/mention.h"

namespace tocsin {
namespace {

// Comma-separated words and pairs of words; en, fr, it, de, es a line.
constexpr std::string_view kSafety =
    "injured,injury,injuries,hospital,hospitalized,poisoned,poisoning,dead,death,deaths,died,killed,fire,explosion,"
    "exploded,unsafe,dangerous,recall,recalled,recalls,contaminated,contamination,toxic,salmonella,listeria,choking,"
    "crash,crashed,food poisoning,caught fire,"
    "blesse,blesses,blessee,hopital,mort,morts,morte,deces,intoxication,empoisonne,incendie,explose,dangereux,"
    "dangereuse,"
    "rappel produit,contamine,toxique,accident,intoxication alimentaire,"
    "ferito,feriti,ferita,ospedale,morto,morti,morta,intossicazione,avvelenato,incendio,esplosione,esploso,pericoloso,"
    "pericolosa,richiamo,contaminato,tossico,incidente,"
    "verletzt,verletzte,krankenhaus,tote,tod,vergiftet,vergiftung,feuer,explosion,explodiert,gefahrlich,ruckruf,"
    "verseucht,giftig,unfall,lebensgefahr,"
    "herido,heridos,herida,hospital,muerto,muertos,muerte,intoxicado,envenenado,incendio,explosion,exploto,peligroso,"
    "peligrosa,contaminado,toxico,accidente,retirada producto";

constexpr std::string_view kBreach =
    "breach,breached,hacked,hackers,leaked,data leaked,ransomware,phishing,cyberattack,data breach,data leak,stolen "
    "data,"
    "identity theft,personal data,malware,"
    "piratage,fuite,cyberattaque,rancongiciel,hameconnage,fuite donnees,donnees personnelles,donnees volees,"
    "violazione,hackerato,hackerati,attacco hacker,fuga dati,dati rubati,dati personali,attacco informatico,furto dati,"
    "gehackt,hackerangriff,datenleck,datenpanne,datendiebstahl,cyberangriff,datenschutz,daten gestohlen,"
    "hackeado,hackearon,filtracion,filtrados,ciberataque,robo datos,datos personales,datos filtrados,brecha";

constexpr std::string_view kAction =
    "boycott,boycotting,boycotted,petition,protest,protests,cancel,cancelling,lawsuit,sue,suing,class action,never "
    "again,"
    "stop buying,dont buy,speak up,sign this,shame on,"
    "boycottez,boycotter,boycottons,petition,manifestation,manifester,proces,plainte,resiliez,plus jamais,action "
    "collective,"
    "signez,partagez,"
    "boicotta,boicottate,boicottiamo,boicottare,boicottaggio,petizione,protesta,proteste,denuncia,causa legale,mai piu,"
    "firmate,class action,condividete,"
    "boykott,boykottieren,boykottiert,petition,protest,klage,klagen,verklagen,nie wieder,sammelklage,unterschreibt,"
    "kundigen,"
    "boicot,boicoteen,boicotear,peticion,protesta,protestas,demanda,demandar,nunca mas,firmen,compartan,no compren";

constexpr std::string_view kAnger =
    "outrage,outraged,outrageous,furious,angry,disgusting,disgusted,disgraceful,disgrace,shameful,appalling,appalled,"
    "unacceptable,pathetic,infuriating,livid,hate,fuming,"
    "honte,honteux,honteuse,scandale,scandaleux,scandaleuse,inadmissible,inacceptable,furieux,furieuse,degoute,"
    "degueulasse,indigne,revoltant,ecoeure,"
    "vergogna,vergognoso,vergognosa,vergognatevi,scandalo,scandaloso,inaccettabile,furioso,furiosa,schifo,schifoso,"
    "indegno,indignato,rabbia,disgustoso,"
    "skandal,unverschamt,unverschamtheit,schande,wutend,wut,sauer,inakzeptabel,widerlich,ekelhaft,frechheit,emporend,"
    "unfassbar,peinlich,"
    "verguenza,vergonzoso,vergonzosa,escandalo,indignante,indignado,furioso,furiosa,inaceptable,asco,asqueroso,rabia,"
    "indignacion,lamentable";

constexpr std::string_view kService =
    "outage,outages,offline,delayed,delay,delays,cancelled,canceled,refund,refunds,broken,stranded,overbooked,rude,"
    "unavailable,crashing,not working,customer service,lost luggage,lost bag,no response,on hold,"
    "panne,retard,retards,retarde,annule,annulee,rembourser,remboursement,casse,indisponible,service client,hors "
    "service,"
    "bloque,bloques,"
    "guasto,disservizio,disservizi,ritardo,ritardi,cancellato,cancellata,rimborso,rimborsi,rotto,bloccato,bloccati,"
    "servizio clienti,non funziona,disdetta,"
    "ausfall,storung,verspatung,verspatet,storniert,annulliert,erstattung,ruckerstattung,kaputt,defekt,kundenservice,"
    "kundendienst,gestrandet,geht nicht,"
    "caida,retraso,retrasos,retrasado,cancelado,cancelada,reembolso,devolucion,roto,averia,atencion cliente,no "
    "funciona,"
    "varados";

constexpr std::string_view kMisconduct =
    "racist,racism,sexist,sexism,discrimination,discriminated,harassment,harassed,fraud,fraudulent,scam,bribery,"
    "corruption,"
    "corrupt,abuse,abused,assault,assaulted,lied,lying,cover up,child labor,misleading,embezzlement,"
    "raciste,racisme,sexiste,sexisme,harcelement,harcele,fraude,arnaque,escroquerie,mensonge,mensonges,agression,"
    "maltraitance,"
    "pot vin,"
    "razzista,razzismo,sessista,sessismo,discriminazione,molestie,molestia,frode,truffa,truffatori,corruzione,tangenti,"
    "bugie,aggressione,maltrattamento,sfruttamento,"
    "rassistisch,rassismus,sexistisch,sexismus,diskriminierung,belastigung,betrug,betruger,korruption,bestechung,luge,"
    "lugen,"
    "misshandlung,ausbeutung,"
    "racista,racismo,machista,machismo,discriminacion,acoso,acosado,estafa,fraude,estafadores,corrupcion,soborno,"
    "mentira,"
    "mentiras,agresion,abuso,maltrato";

constexpr std::string_view kResponsibility =
    "blame,blamed,responsible,responsibility,accountable,accountability,fault,negligence,negligent,careless,"
    "deliberately,"
    "knowingly,preventable,liable,guilty,incompetence,incompetent,your fault,their fault,they knew,"
    "responsable,responsables,responsabilite,coupable,coupables,faute,negligence,negligent,deliberement,sciemment,"
    "incompetence,incompetents,assumez,leur faute,"
    "colpa,colpevole,colpevoli,responsabile,responsabili,responsabilita,negligenza,negligente,deliberatamente,"
    "incompetenza,incompetenti,vostra colpa,loro colpa,"
    "schuld,schuldig,verantwortlich,verantwortung,verantwortungslos,fahrlassig,fahrlassigkeit,absichtlich,vorsatzlich,"
    "wissentlich,haftbar,unfahig,"
    "culpa,culpable,culpables,responsabilidad,negligencia,deliberadamente,incompetencia,incompetentes,sabian";

// en, fr, it, de, es, pt from here on.
constexpr std::string_view kSocial =
    "offensive,insensitive,tone deaf,tonedeaf,tasteless,bad taste,poor taste,distasteful,disrespectful,inappropriate,"
    "cringe,cringeworthy,stereotype,stereotypes,stereotyping,blackface,cultural appropriation,fat shaming,"
    "body shaming,mocking,mocks,objectifying,degrading,demeaning,pink washing,pinkwashing,greenwashing,"
    "offensant,offensante,offensants,insultant,insultante,choquant,choquante,choquants,irrespectueux,irrespectueuse,"
    "mauvais gout,deplace,deplacee,indecent,indecente,malaisant,malaisante,cliches,appropriation culturelle,"
    "grossophobe,grossophobie,"
    "offensivo,offensiva,offensivi,insensibile,insensibili,cattivo gusto,pessimo gusto,irrispettoso,irrispettosa,"
    "inopportuno,inopportuna,fuori luogo,stereotipo,stereotipi,appropriazione culturale,grassofobia,"
    "geschmacklos,voll daneben,geschmacklose,geschmacklosigkeit,beleidigend,anstossig,respektlos,respektlose,"
    "unsensibel,taktlos,pietatlos,unangebracht,klischee,klischees,kulturelle aneignung,"
    "ofensivo,ofensiva,ofensivos,insensible,insensibles,mal gusto,pesimo gusto,irrespetuoso,irrespetuosa,inapropiado,"
    "inapropiada,estereotipo,estereotipos,apropiacion cultural,gordofobia,"
    "insensivel,insensiveis,mau gosto,pessimo gosto,desrespeitoso,desrespeitosa,inapropriado,inapropriada,inadequado,"
    "apropriacao cultural";

constexpr std::string_view kCommunication =
    "ignored,ignores,ignoring,unanswered,no answer,no reply,never replied,never answered,not responding,no statement,"
    "no apology,non apology,no comment,radio silence,total silence,still silent,silent treatment,stonewalling,"
    "stonewalled,ghosted,ghosting,blocked me,deleted comments,deleting comments,deleted my,deletes comments,"
    "hiding comments,disabled comments,censoring,contradictory,contradicts,contradicting,evasive,deflecting,"
    "gaslighting,canned response,"
    "ignorent,sans reponse,aucune reponse,jamais repondu,aucun communique,aucune excuse,aucunes excuses,silence radio,"
    "silence total,commentaires supprimes,censure,censurez,contradictoire,contradictoires,"
    "ignorano,ignorato,ignorata,ignorati,nessuna risposta,senza risposta,mai risposto,nessun comunicato,"
    "nessuna scusa,silenzio totale,silenzio assoluto,silenzio stampa,mi bloccano,commenti cancellati,"
    "commenti eliminati,censura,censurate,contraddittorio,contraddittorie,scaricabarile,"
    "ignoriert,ignorieren,keine antwort,keine reaktion,keine stellungnahme,keine entschuldigung,nie geantwortet,"
    "unbeantwortet,schweigen,schweigt,funkstille,geloschte kommentare,kommentare geloscht,kommentare loschen,"
    "loschen kommentare,mich blockiert,zensur,zensieren,widerspruchlich,widerspruchliche,ausweichend,hingehalten,"
    "totgeschwiegen,"
    "ignoran,ignorado,ignorada,ignorados,sin respuesta,ninguna respuesta,no responden,no contestan,"
    "nunca respondieron,ningun comunicado,ninguna disculpa,silencio total,silencio absoluto,bloquearon,"
    "borran comentarios,borrando comentarios,comentarios borrados,comentarios eliminados,contradictorio,"
    "contradictorias,dan largas,"
    "ignoram,ignorando,sem resposta,nenhuma resposta,nao respondem,nunca responderam,nenhum comunicado,"
    "apagam comentarios,apagando comentarios,comentarios apagados,me bloquearam,contraditorio,contraditorias";

constexpr std::string_view kRumour =
    "hoax,hoaxes,fake news,rumor,rumors,rumour,rumours,rumored,disinformation,misinformation,conspiracy,debunked,"
    "smear,smeared,smear campaign,defamation,defamatory,slander,libel,bots,bot army,bot farm,troll farm,trolls,"
    "astroturf,astroturfing,coordinated attack,coordinated campaign,fake reviews,fake accounts,review bombing,"
    "review bombed,deepfake,doctored,fabricated,false claims,false information,urban legend,"
    "canular,infox,fausse nouvelle,fausses nouvelles,fausse information,fausses informations,fausse rumeur,rumeur,"
    "rumeurs,desinformation,complot,complotisme,calomnie,diffamation,diffamatoire,denigrement,faux comptes,faux avis,"
    "raid numerique,"
    "bufala,bufale,notizia falsa,notizie false,voci false,falsa notizia,diceria,dicerie,disinformazione,complotto,"
    "calunnia,calunnie,diffamazione,account falsi,account fake,recensioni false,recensioni fake,"
    "falschmeldung,falschmeldungen,gerucht,geruchte,falschinformation,falschinformationen,verleumdung,rufmord,"
    "hetzkampagne,schmutzkampagne,verschworung,trollfabrik,fake bewertungen,gefalschte bewertungen,"
    "bulo,bulos,noticia falsa,noticias falsas,rumores,desinformacion,conspiracion,calumnia,calumnias,desprestigio,"
    "difamacion,difamatorio,cuentas falsas,resenas falsas,"
    "boato,boatos,desinformacao,conspiracao,calunia,calunias,difamacao,perfis falsos,contas falsas,avaliacoes falsas";

// One entry for each of kFirstPersonLanguages. Elisions and "I'm" are two tokens each.
constexpr std::array<std::string_view, kFirstPersonLanguages.size()> kFirstPerson = {
    "i,me,my,mine,myself,im,ive",
    "j,je,m,me,moi,mon,ma,mes,mien,mienne",
    "io,me,mi,mio,mia,miei,mie",
    "ich,mich,mir,mein,meine,meinen,meinem,meiner,meines",
    "yo,me,mi,mis,mio,mia,mios,mias,conmigo",
    "eu,me,mim,meu,minha,meus,minhas,comigo",
};

uint64_t PairHash(uint64_t first, uint64_t second) { return first * 0x9E3779B97F4A7C15 ^ second; }

}  // namespace

Lexicon::Lexicon() {
  Add(kSafetyTerm, kSafety);
  Add(kBreachTerm, kBreach);
  Add(kCallToAction, kAction);
  Add(kAngerTerm, kAnger);
  Add(kServiceTerm, kService);
  Add(kMisconductTerm, kMisconduct);
  Add(kResponsibilityTerm, kResponsibility);
  Add(kSocialTerm, kSocial);
  Add(kCommunicationTerm, kCommunication);
  Add(kRumourTerm, kRumour);
  for (size_t i = 0; i < kFirstPerson.size(); ++i) {
    for (const std::string_view word : absl::StrSplit(kFirstPerson[i], ',')) {
      terms_[TokenHash(word, TokenKind::kWord)] |= uint32_t{1} << (kFirstPersonShift + i);
    }
  }
}

const Lexicon& Lexicon::Get() {
  static const Lexicon* const lexicon = new Lexicon();
  return *lexicon;
}

void Lexicon::Add(uint32_t term, std::string_view words) {
  for (const std::string_view entry : absl::StrSplit(words, ',', absl::SkipEmpty())) {
    const std::vector<std::string_view> parts = absl::StrSplit(entry, ' ');
    std::string joined;
    for (const std::string_view part : parts) joined.append(part);
    CHECK_LE(parts.size(), 2u) << entry;
    const uint64_t first = TokenHash(parts[0], TokenKind::kWord);
    if (parts.size() == 1) {
      terms_[first] |= term;
    } else {
      terms_[first] |= kStartsPair;
      terms_[PairHash(first, TokenHash(parts[1], TokenKind::kWord))] |= term;
    }
    terms_[TokenHash(joined, TokenKind::kHashtag)] |= term;
  }
}

uint32_t Lexicon::Terms(const Tokenizer& tokenizer, uint16_t language) const {
  uint32_t terms = 0;
  for (size_t i = 0; i < tokenizer.text_tokens(); ++i) {
    const Token& token = tokenizer.tokens()[i];
    const auto found = terms_.find(token.hash);
    if (found == terms_.end()) continue;
    terms |= found->second;
    if ((found->second & kStartsPair) == 0 || i + 1 == tokenizer.text_tokens()) continue;
    const auto pair = terms_.find(PairHash(token.hash, tokenizer.tokens()[i + 1].hash));
    if (pair != terms_.end()) terms |= pair->second;
  }
  const size_t index = FirstPersonLanguage(language);
  if (index < kFirstPersonLanguages.size() && (terms >> (kFirstPersonShift + index) & 1) != 0)
    terms |= kFirstPersonTerm;
  return terms & ((uint32_t{1} << kFirstPersonShift) - 1);
}

}  // namespace tocsin
