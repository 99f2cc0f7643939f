import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.Stores;

/** Kafka Streams: hopping windows in memory, cached. Arguments: bootstrap, watchlist, output folder, posts in the topic. */
public final class StreamsMentions {
  private static final Duration SIZE = Duration.ofSeconds(60);
  private static final Duration SLIDE = Duration.ofSeconds(5);
  // Of a backlog the partitions are read at different paces, and stream time is that of the first: what is less loses counts.
  private static final Duration GRACE = Duration.ofSeconds(600);
  private static final long CACHE_BYTES = 256L << 20;
  private static final Duration QUIET = Duration.ofSeconds(3);
  private static final LongAdder COUNTED = new LongAdder();

  private StreamsMentions() {}

  private record Post(long timeMs, int[] brands, byte negative) {}

  private record Counts(long mentions, long negative) {
    static final Serde<Counts> SERDE = Serdes.serdeFrom(
        (topic, counts) -> ByteBuffer.allocate(16).putLong(counts.mentions).putLong(counts.negative).array(),
        (topic, bytes) -> bytes == null ? null : new Counts(ByteBuffer.wrap(bytes).getLong(), ByteBuffer.wrap(bytes).getLong(8)));
  }

  /** Each stream thread has a consumer, and so a deserializer, of its own. */
  private static final class PostDeserializer implements Deserializer<Post> {
    private static final int[] NONE = {};
    private final ThreadLocal<Mentions> mentions;

    PostDeserializer(String watchlist) {
      mentions = ThreadLocal.withInitial(() -> {
        try {
          return new Mentions(watchlist);
        } catch (IOException error) {
          throw new UncheckedIOException(error);
        }
      });
    }

    @Override
    public Post deserialize(String topic, byte[] record) {
      try {
        Mentions of = mentions.get();
        of.read(record);
        Progress.POSTS.increment();
        return new Post(of.timeMs, of.count == 0 ? NONE : java.util.Arrays.copyOf(of.brands, of.count),
            (byte) (of.negative ? 1 : 0));
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    }
  }

  private static List<KeyValue<Integer, byte[]>> byBrand(byte[] key, Post post) {
    if (post.brands.length == 0) return List.of();
    List<KeyValue<Integer, byte[]>> rows = new ArrayList<>(post.brands.length);
    for (int brand : post.brands) rows.add(KeyValue.pair(brand, new byte[] {post.negative}));
    return rows;
  }

  private static Properties settings(String bootstrap, String folder) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "streams-" + System.nanoTime());
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, Path.of(folder, "state").toString());
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, CACHE_BYTES);
    settings.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, StreamsConfig.OPTIMIZE);
    settings.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
    settings.put(StreamsConfig.consumerPrefix("max.poll.records"), 5000);
    settings.put(StreamsConfig.producerPrefix("compression.type"), "lz4");
    settings.put(StreamsConfig.producerPrefix("batch.size"), 256 << 10);
    settings.put(StreamsConfig.producerPrefix("linger.ms"), 50);
    return settings;
  }

  private static StreamsBuilder topology(String watchlist, BufferedWriter lines) {
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream("posts", Consumed.with(Serdes.ByteArray(), Serdes.serdeFrom((topic, post) -> null, new PostDeserializer(watchlist)))
            .withTimestampExtractor((record, partitionTime) -> ((Post) record.value()).timeMs))
        .flatMap(StreamsMentions::byBrand)
        .groupByKey(Grouped.with("brands", Serdes.Integer(), Serdes.ByteArray()))
        .windowedBy(TimeWindows.ofSizeAndGrace(SIZE, GRACE).advanceBy(SLIDE))
        .aggregate(() -> new Counts(0, 0), (brand, negative, counts) -> {
          COUNTED.increment();
          return new Counts(counts.mentions + 1, counts.negative + negative[0]);
        }, Materialized.<Integer, Counts>as(Stores.inMemoryWindowStore("counts", SIZE.plus(GRACE), SIZE, false))
            .withKeySerde(Serdes.Integer()).withValueSerde(Counts.SERDE).withCachingEnabled())
        .toStream()
        .foreach((brand, counts) -> {
          // A window's later lines replace its earlier ones.
          String line = brand.key() + "\t" + brand.window().end() / 1000 + "\t" + counts.mentions + "\t" + counts.negative + "\n";
          synchronized (lines) {
            try {
              lines.write(line);
            } catch (IOException error) {
              throw new UncheckedIOException(error);
            }
          }
        });
    return builder;
  }

  public static void main(String[] args) throws Exception {
    long posts = Long.parseLong(args[3]);
    try (BufferedWriter lines = Files.newBufferedWriter(Path.of(args[2], "out.0"))) {
      Properties settings = settings(args[0], args[2]);
      KafkaStreams streams = new KafkaStreams(topology(args[1], lines).build(settings), settings);
      streams.setUncaughtExceptionHandler(error -> {
        error.printStackTrace();
        System.exit(1);
        return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
      });
      Progress.report();
      streams.start();
      while (Progress.POSTS.sum() < posts) Thread.sleep(50);
      for (long before = -1; before != COUNTED.sum(); Thread.sleep(QUIET.toMillis())) before = COUNTED.sum();
      streams.close();
    }
    System.out.println("done");
  }
}
