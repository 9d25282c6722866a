import org.codelibs.opensearch.runner.OpenSearchRunner;

/** One OpenSearch node: arguments are its directory, its port and its largest request; it runs until it is killed. */
public class Launch {
    public static void main(String[] arguments) throws Exception {
        OpenSearchRunner runner = new OpenSearchRunner();
        runner.onBuild((number, settings) -> {
            settings.put("discovery.type", "single-node");
            settings.put("network.host", "127.0.0.1");
            settings.put("http.port", arguments[1]);
            settings.put("transport.port", "0");
            settings.put("http.max_content_length", arguments[2]);
            settings.put("cluster.routing.allocation.disk.threshold_enabled", false);
        });
        runner.build(OpenSearchRunner.newConfigs().basePath(arguments[0]).numOfNode(1).clusterName("test").useLogger());
        Thread.currentThread().join();
    }
}
