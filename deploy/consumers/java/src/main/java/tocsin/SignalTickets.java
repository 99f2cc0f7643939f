package tocsin;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Writes a ticket for each crisis signal into a file of JSON lines: each once, whatever is restarted on the way.
 *
 * <p>A signal is known by its CloudEvent id, the header ce_id. The ticket holds that id, so acting on a signal and
 * noting that it was acted on are one append, which is on the disk before the offsets are committed: what is read
 * again is found in the file and passed over. A line that a crash cut short is cut off at the start, and its signal is
 * read again, since its offset was not committed. The file's lock keeps a second process out. For a ticket system with
 * an interface of its own, give it the id as the key by which it refuses a second ticket.
 *
 * <pre>
 *   SignalTickets TICKETS.jsonl consumer.properties [TOPIC]
 * </pre>
 *
 * <p>consumer.properties are those of Kafka's consumer; bootstrap.servers must be there. SIGTERM ends it in good order.
 */
public final class SignalTickets {
  private static final ObjectMapper JSON = new ObjectMapper();

  private SignalTickets() {}

  public static void main(String[] arguments) throws IOException {
    if (arguments.length < 2 || arguments.length > 3) {
      System.err.println("usage: SignalTickets TICKETS.jsonl consumer.properties [TOPIC]");
      System.exit(2);
    }
    String topic = arguments.length == 3 ? arguments[2] : "tocsin.signals";
    Properties properties = properties(Path.of(arguments[1]));
    try (Tickets tickets = Tickets.open(Path.of(arguments[0]));
        KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties)) {
      Thread main = Thread.currentThread();
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(
                  () -> {
                    consumer.wakeup();
                    try {
                      main.join();
                    } catch (InterruptedException ignored) {
                      Thread.currentThread().interrupt();
                    }
                  }));
      follow(consumer, topic, tickets);
    } catch (WakeupException ended) {
      return;
    } catch (KafkaException error) {
      System.err.println("ended: " + error.getMessage());
      Runtime.getRuntime().halt(1);
    }
  }

  static Properties properties(Path path) throws IOException {
    Properties properties = new Properties();
    properties.put(ConsumerConfig.GROUP_ID_CONFIG, "tocsin-tickets");
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    try (var reader = Files.newBufferedReader(path)) {
      properties.load(reader);
    }
    // Not for anybody to change: the promise rests on them.
    properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
    properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    // Who comes before the service must not make its topic, with as many partitions as the broker thinks fit.
    properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, "false");
    properties.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class.getName());
    properties.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class.getName());
    return properties;
  }

  private static void follow(KafkaConsumer<byte[], byte[]> consumer, String topic, Tickets tickets)
      throws IOException {
    consumer.subscribe(List.of(topic));
    while (true) {
      ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(500));
      for (ConsumerRecord<byte[], byte[]> record : records) {
        take(record, tickets);
      }
      if (!records.isEmpty()) {
        tickets.force();
        consumer.commitSync();
      }
    }
  }

  private static void take(ConsumerRecord<byte[], byte[]> record, Tickets tickets) throws IOException {
    Header id = record.headers().lastHeader("ce_id");
    JsonNode data;
    try {
      data = record.value() == null ? null : JSON.readTree(record.value());
    } catch (IOException notJson) {
      data = null;
    }
    if (id == null || data == null || !data.isObject()) {
      System.err.println(
          "passed over, no signal: partition=" + record.partition() + " offset=" + record.offset());
      return;
    }
    ObjectNode ticket = JSON.createObjectNode();
    ticket.put("id", new String(id.value(), StandardCharsets.UTF_8));
    ticket.put("opened_at", Instant.now().toString());
    for (String field : List.of("brand_id", "incident_id", "sequence", "message", "kind", "state", "level", "summary")) {
      ticket.set(field, data.get(field));
    }
    ticket.put("owner", data.path("route").path("owner").asText(null));
    ticket.put("playbook_url", data.path("route").path("playbook_url").asText(null));
    tickets.add(ticket);
  }

  /** The file of tickets, and the ids of those in it. One thread. */
  static final class Tickets implements AutoCloseable {
    private final FileChannel file;
    private final FileLock lock;
    private final Set<String> ids;

    private Tickets(FileChannel file, FileLock lock, Set<String> ids) {
      this.file = file;
      this.lock = lock;
      this.ids = ids;
    }

    static Tickets open(Path path) throws IOException {
      FileChannel file =
          FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      FileLock lock = file.tryLock();
      if (lock == null) {
        file.close();
        throw new IOException("another process writes to " + path);
      }
      Set<String> ids = new HashSet<>();
      long whole = 0;
      try (RandomAccessFile lines = new RandomAccessFile(path.toFile(), "r")) {
        byte[] bytes = new byte[(int) lines.length()];
        lines.readFully(bytes);
        for (int begin = 0, at = 0; at < bytes.length; at++) {
          if (bytes[at] != '\n') {
            continue;
          }
          ids.add(JSON.readTree(bytes, begin, at - begin).path("id").asText());
          begin = at + 1;
          whole = begin;
        }
      }
      file.truncate(whole);
      file.position(whole);
      return new Tickets(file, lock, ids);
    }

    /** Unless there is one for the same signal. */
    void add(ObjectNode ticket) throws IOException {
      if (!ids.add(ticket.get("id").asText())) {
        return;
      }
      ByteBuffer line = ByteBuffer.wrap((JSON.writeValueAsString(ticket) + "\n").getBytes(StandardCharsets.UTF_8));
      while (line.hasRemaining()) {
        file.write(line);
      }
    }

    void force() throws IOException {
      file.force(true);
    }

    @Override
    public void close() throws IOException {
      lock.release();
      file.close();
    }
  }
}
