import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.api.java.tuple.Tuple4;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** What both Flink jobs share: environment, source, sink. Arguments: bootstrap, watchlist, output folder. */
final class FlinkPosts {
  static final Duration SIZE = Duration.ofSeconds(60);
  static final Duration SLIDE = Duration.ofSeconds(5);
  private static final int PARALLELISM = 2;
  private static final Duration CHECKPOINT_EVERY = Duration.ofSeconds(10);

  private FlinkPosts() {}

  static StreamExecutionEnvironment environment(String folder) {
    Configuration configuration = new Configuration();
    configuration.set(PipelineOptions.OBJECT_REUSE, true);
    configuration.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
    configuration.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, Path.of(folder, "checkpoints").toUri().toString());
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.createLocalEnvironment(PARALLELISM, configuration);
    environment.enableCheckpointing(CHECKPOINT_EVERY.toMillis(), CheckpointingMode.AT_LEAST_ONCE);
    return environment;
  }

  /** (brand, time in ms, 1 if negative) of each mention; the topic's records up to its present end. Watermarks are per split. */
  static DataStream<Tuple3<Integer, Long, Integer>> mentions(StreamExecutionEnvironment environment, String bootstrap,
      String watchlist) {
    KafkaSource<Tuple3<Integer, Long, Integer>> source = KafkaSource.<Tuple3<Integer, Long, Integer>>builder()
        .setBootstrapServers(bootstrap)
        .setTopics("posts")
        .setGroupId("flink-" + System.nanoTime())
        .setStartingOffsets(OffsetsInitializer.earliest())
        .setBounded(OffsetsInitializer.latest())
        .setProperty("max.poll.records", "5000")
        .setDeserializer(new MentionSchema(watchlist))
        .build();
    return environment.fromSource(source,
        WatermarkStrategy.<Tuple3<Integer, Long, Integer>>forBoundedOutOfOrderness(Duration.ofSeconds(2))
            .withTimestampAssigner((mention, broker) -> mention.f1),
        "posts");
  }

  /** A post's mentions straight from its bytes: posts that mention nobody are no objects. */
  private static final class MentionSchema implements KafkaRecordDeserializationSchema<Tuple3<Integer, Long, Integer>> {
    private static final long serialVersionUID = 1;
    private final String watchlist;
    private final Tuple3<Integer, Long, Integer> out = new Tuple3<>();
    private transient Mentions mentions;

    MentionSchema(String watchlist) {
      this.watchlist = watchlist;
    }

    @Override
    public void open(DeserializationSchema.InitializationContext context) throws IOException {
      mentions = new Mentions(watchlist);
    }

    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Tuple3<Integer, Long, Integer>> collector)
        throws IOException {
      mentions.read(record.value());
      Progress.POSTS.increment();
      for (int i = 0; i < mentions.count; ++i) {
        out.setFields(mentions.brands[i], mentions.timeMs, mentions.negative ? 1 : 0);
        collector.collect(out);
      }
    }

    @Override
    public TypeInformation<Tuple3<Integer, Long, Integer>> getProducedType() {
      return Types.TUPLE(Types.INT, Types.LONG, Types.INT);
    }
  }

  /** Lines of brand number, window end in s, mentions, negative ones, one file a subtask. */
  static final class LineSink implements Sink<Tuple4<Integer, Long, Long, Long>> {
    private static final long serialVersionUID = 1;
    private final String folder;

    LineSink(String folder) {
      this.folder = folder;
    }

    @Override
    public SinkWriter<Tuple4<Integer, Long, Long, Long>> createWriter(WriterInitContext context) throws IOException {
      BufferedWriter lines = Files.newBufferedWriter(Path.of(folder, "out." + context.getTaskInfo().getIndexOfThisSubtask()));
      return new SinkWriter<>() {
        @Override
        public void write(Tuple4<Integer, Long, Long, Long> row, Context unused) throws IOException {
          lines.append(Integer.toString(row.f0)).append('\t').append(Long.toString(row.f1)).append('\t')
              .append(Long.toString(row.f2)).append('\t').append(Long.toString(row.f3)).append('\n');
        }

        @Override
        public void flush(boolean endOfInput) throws IOException {
          lines.flush();
        }

        @Override
        public void close() throws IOException {
          lines.close();
        }
      };
    }
  }
}
