import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.api.java.tuple.Tuple4;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.windowing.WindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/** Flink's DataStream API: sliding windows, aggregated as the mentions come. */
public final class FlinkDataStream {
  private FlinkDataStream() {}

  private static final class Counts implements AggregateFunction<Tuple3<Integer, Long, Integer>, long[], long[]> {
    private static final long serialVersionUID = 1;

    @Override
    public long[] createAccumulator() {
      return new long[2];
    }

    @Override
    public long[] add(Tuple3<Integer, Long, Integer> mention, long[] counts) {
      ++counts[0];
      counts[1] += mention.f2;
      return counts;
    }

    @Override
    public long[] getResult(long[] counts) {
      return counts;
    }

    @Override
    public long[] merge(long[] a, long[] b) {
      return new long[] {a[0] + b[0], a[1] + b[1]};
    }
  }

  private static final class Row implements WindowFunction<long[], Tuple4<Integer, Long, Long, Long>, Integer, TimeWindow> {
    private static final long serialVersionUID = 1;

    @Override
    public void apply(Integer brand, TimeWindow window, Iterable<long[]> results,
        Collector<Tuple4<Integer, Long, Long, Long>> out) {
      for (long[] counts : results) out.collect(Tuple4.of(brand, window.getEnd() / 1000, counts[0], counts[1]));
    }
  }

  public static void main(String[] args) throws Exception {
    StreamExecutionEnvironment environment = FlinkPosts.environment(args[2]);
    Progress.report();
    FlinkPosts.mentions(environment, args[0], args[1])
        .keyBy(mention -> mention.f0, Types.INT)
        .window(SlidingEventTimeWindows.of(FlinkPosts.SIZE, FlinkPosts.SLIDE))
        .aggregate(new Counts(), new Row(), PrimitiveArrayTypeInfo.LONG_PRIMITIVE_ARRAY_TYPE_INFO,
            Types.TUPLE(Types.INT, Types.LONG, Types.LONG, Types.LONG))
        .sinkTo(new FlinkPosts.LineSink(args[2]));
    environment.execute("brand mentions");
    System.out.println("done");
  }
}
