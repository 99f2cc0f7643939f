import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.core.WhitespaceAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.StringField;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.Term;
import org.apache.lucene.monitor.MatchingQueries;
import org.apache.lucene.monitor.Monitor;
import org.apache.lucene.monitor.MonitorConfiguration;
import org.apache.lucene.monitor.MonitorQuery;
import org.apache.lucene.monitor.Presearcher;
import org.apache.lucene.monitor.QueryMatch;
import org.apache.lucene.monitor.TermFilteredPresearcher;
import org.apache.lucene.queries.spans.SpanNearQuery;
import org.apache.lucene.queries.spans.SpanOrQuery;
import org.apache.lucene.queries.spans.SpanTermQuery;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.PhraseQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermQuery;

/**
 * Lucene's Monitor on the queries and posts that match_contenders --write has written.
 *
 * <p>MonitorBench FOLDER POSTS: writes the matches of the first POSTS posts to FOLDER/lucene.txt and prints a line of
 * JSON. CPU time of the one thread, the best of five rounds after two that warm up.
 */
public final class MonitorBench {
  private static Query term(String word) {
    return new TermQuery(new Term("text", word));
  }

  private static SpanTermQuery span(String word) {
    return new SpanTermQuery(new Term("text", word));
  }

  /** The query of a line of queries.txt; the kinds are those of bench/match/workload.h. */
  private static Query makeQuery(String[] fields) {
    String handle = fields[2];
    String context = fields[3];
    BooleanQuery.Builder names = new BooleanQuery.Builder();
    names.add(new PhraseQuery("text", fields[1].split(" ")), Occur.SHOULD);
    names.add(term("@" + handle), Occur.SHOULD);
    names.add(term("#" + handle), Occur.SHOULD);
    switch (fields[0]) {
      case "1":
        return new BooleanQuery.Builder().add(names.build(), Occur.MUST).add(term(context), Occur.MUST_NOT).build();
      case "2":
        // At most five positions apart is at most four words between.
        names.add(
            new SpanNearQuery(
                new org.apache.lucene.queries.spans.SpanQuery[] {
                  span(handle), new SpanOrQuery(span(context), span("flight"))
                },
                4,
                false),
            Occur.SHOULD);
        break;
      case "3":
        names.add(
            new BooleanQuery.Builder()
                .add(term(handle), Occur.MUST)
                .add(term(context), Occur.MUST)
                .add(new TermQuery(new Term("lang", "en")), Occur.MUST)
                .build(),
            Occur.SHOULD);
        break;
      default:
        break;
    }
    return names.build();
  }

  private static int[] match(Monitor monitor, String post) throws Exception {
    Document document = new Document();
    document.add(new TextField("text", post, Field.Store.NO));
    document.add(new StringField("lang", "en", Field.Store.NO));
    MatchingQueries<QueryMatch> found = monitor.match(document, QueryMatch.SIMPLE_MATCHER);
    int[] ids = new int[found.getMatchCount()];
    int next = 0;
    for (QueryMatch each : found.getMatches()) ids[next++] = Integer.parseInt(each.getQueryId());
    Arrays.sort(ids);
    return ids;
  }

  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[0]);
    List<String> posts = Files.readAllLines(folder.resolve("posts.txt"), StandardCharsets.UTF_8);
    posts = posts.subList(0, Math.min(posts.size(), Integer.parseInt(args[1])));
    List<MonitorQuery> queries = new ArrayList<>();
    for (String line : Files.readAllLines(folder.resolve("queries.txt"), StandardCharsets.UTF_8)) {
      queries.add(new MonitorQuery(Integer.toString(queries.size()), makeQuery(line.split("\t")), null, Map.of()));
    }
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    Analyzer analyzer = new WhitespaceAnalyzer();
    Presearcher presearcher = new TermFilteredPresearcher();
    try (Monitor monitor = new Monitor(analyzer, presearcher, new MonitorConfiguration())) {
      long start = System.nanoTime();
      monitor.register(queries);
      long compileMs = (System.nanoTime() - start) / 1_000_000;
      try (PrintWriter out = new PrintWriter(folder.resolve("lucene.txt").toFile(), StandardCharsets.UTF_8)) {
        for (String post : posts) {
          int[] ids = match(monitor, post);
          StringBuilder line = new StringBuilder();
          for (int id : ids) line.append(line.length() > 0 ? " " : "").append(id);
          out.println(line);
        }
      }
      long[] rounds = new long[5];
      for (int round = -2; round < rounds.length; ++round) {
        long begin = threads.getCurrentThreadCpuTime();
        for (String post : posts) match(monitor, post);
        if (round >= 0) rounds[round] = (threads.getCurrentThreadCpuTime() - begin) / posts.size();
      }
      Arrays.sort(rounds);
      System.out.printf(
          "{\"matcher\":\"lucene-monitor\",\"queries\":%d,\"ns_per_post\":%d,\"ns_median\":%d,\"compile_ms\":%d,\"posts\":%d}%n",
          queries.size(), rounds[0], rounds[rounds.length / 2], compileMs, posts.size());
    }
  }
}
