import java.util.concurrent.atomic.LongAdder;

/** Posts read so far, all threads; printed ten times a second for the script that measures. */
final class Progress {
  static final LongAdder POSTS = new LongAdder();

  private Progress() {}

  static void report() {
    Thread thread = new Thread(() -> {
      while (true) {
        System.out.println("posts " + POSTS.sum());
        try {
          Thread.sleep(100);
        } catch (InterruptedException ended) {
          return;
        }
      }
    }, "progress");
    thread.setDaemon(true);
    thread.start();
  }
}
