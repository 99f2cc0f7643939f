import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.hankcs.algorithm.AhoCorasickDoubleArrayTrie;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeMap;

/**
 * What the engines in Java share: a post's bytes to its time, the brands that it mentions and whether it is negative. A
 * streaming parser that builds no tree, an automaton over the lower-cased text, a list of words. Not thread-safe.
 */
final class Mentions {
  private static final Set<String> NEGATIVE = Set.of("awful", "horrible", "terrible", "hate", "worst", "ashamed", "mess", "broken",
      "angry", "scam", "never", "useless", "disgusting", "rude", "refund", "fraud", "furious", "liars", "boycott", "shame",
      "affreux", "déteste", "honte", "nul", "pire", "cassé", "arnaque", "colère", "jamais", "inutile", "orribile", "odio",
      "vergogna", "peggiore", "rotto", "truffa", "rabbia", "mai", "pessimo");
  private static final JsonFactory JSON = new JsonFactory();

  final String[] ids;
  long timeMs;
  boolean negative;
  int count;
  int[] brands = new int[16];

  private final AhoCorasickDoubleArrayTrie<Integer> automaton = new AhoCorasickDoubleArrayTrie<>();
  private String text;

  /** A line of the file is a brand's id and its aliases, lower case, between tabs. */
  Mentions(String watchlist) throws IOException {
    List<String> lines = Files.readAllLines(Path.of(watchlist), StandardCharsets.UTF_8);
    ids = new String[lines.size()];
    TreeMap<String, Integer> aliases = new TreeMap<>();
    for (int brand = 0; brand < ids.length; ++brand) {
      String[] parts = lines.get(brand).split("\t");
      ids[brand] = parts[0];
      for (int i = 1; i < parts.length; ++i) aliases.put(parts[i], brand);
    }
    automaton.build(aliases);
  }

  /** Fills the fields above from one record. */
  void read(byte[] record) throws IOException {
    count = 0;
    negative = false;
    parse(record);
    text = text.toLowerCase(Locale.ROOT);
    automaton.parseText(text, this::hit);
    if (count > 0) negative = hasNegativeWord(text);
  }

  private void parse(byte[] record) throws IOException {
    boolean haveText = false;
    boolean haveTime = false;
    try (JsonParser parser = JSON.createParser(record)) {
      parser.nextToken();
      while (!(haveText && haveTime)) {
        String field = parser.nextFieldName();
        if (field == null) throw new IOException("not a post");
        JsonToken value = parser.nextToken();
        if (field.equals("text")) {
          text = parser.getText();
          haveText = true;
        } else if (field.equals("timestamp_ms")) {
          timeMs = digits(parser.getTextCharacters(), parser.getTextOffset(), parser.getTextLength());
          haveTime = true;
        } else if (value.isStructStart()) {
          parser.skipChildren();
        }
      }
    }
  }

  private static long digits(char[] text, int offset, int length) {
    long value = 0;
    for (int i = offset; i < offset + length; ++i) value = value * 10 + (text[i] - '0');
    return value;
  }

  private void hit(int begin, int end, Integer brand) {
    if (begin > 0 && isWord(text.charAt(begin - 1)) || end < text.length() && isWord(text.charAt(end))) return;
    for (int i = 0; i < count; ++i) {
      if (brands[i] == brand) return;
    }
    if (count < brands.length) brands[count++] = brand;
  }

  private static boolean isWord(char c) {
    return c == '_' || Character.isLetterOrDigit(c);
  }

  private static boolean hasNegativeWord(String text) {
    for (int begin = 0, at = 0; at <= text.length(); ++at) {
      if (at < text.length() && isWord(text.charAt(at))) continue;
      if (at > begin && NEGATIVE.contains(text.substring(begin, at))) return true;
      begin = at + 1;
    }
    return false;
  }
}
