import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple4;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.Table;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;

/** Flink SQL: hopping windows made of slices, counted in two phases; reading and matching are the DataStream job's. */
public final class FlinkSql {
  private FlinkSql() {}

  public static void main(String[] args) throws Exception {
    StreamExecutionEnvironment environment = FlinkPosts.environment(args[2]);
    StreamTableEnvironment tables = StreamTableEnvironment.create(environment);
    tables.getConfig().setLocalTimeZone(ZoneId.of("UTC"));
    tables.getConfig().set("table.optimizer.agg-phase-strategy", "TWO_PHASE");
    tables.createTemporaryView("mentions", FlinkPosts.mentions(environment, args[0], args[1]),
        Schema.newBuilder()
            .column("f0", "INT NOT NULL")
            .column("f2", "INT NOT NULL")
            .columnByMetadata("happened", DataTypes.TIMESTAMP_LTZ(3), "rowtime")
            .watermark("happened", "SOURCE_WATERMARK()")
            .build());
    Table counts = tables.sqlQuery("SELECT f0, window_end, COUNT(*), SUM(f2) FROM TABLE(HOP(TABLE mentions, DESCRIPTOR(happened), "
        + "INTERVAL '5' SECOND, INTERVAL '60' SECOND)) GROUP BY f0, window_start, window_end");
    if (!counts.explain().contains("LocalWindowAggregate")) throw new IllegalStateException("not two phases:\n" + counts.explain());
    Progress.report();
    tables.toDataStream(counts)
        .map(row -> Tuple4.of((Integer) row.getField(0),
                ((LocalDateTime) row.getField(1)).toEpochSecond(ZoneOffset.UTC), (Long) row.getField(2),
                ((Number) row.getField(3)).longValue()))
        .returns(Types.TUPLE(Types.INT, Types.LONG, Types.LONG, Types.LONG))
        .sinkTo(new FlinkPosts.LineSink(args[2]));
    environment.execute("brand mentions, SQL");
    System.out.println("done");
  }
}
