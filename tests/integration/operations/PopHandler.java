import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.zip.InflaterInputStream;

/**
 * A handler program as one written for POP's local launch (spec 10.1, 10.6): a single file, nothing but the JDK.
 *
 * The payload is that of POP's sample handler: `actions` (`log`, which may sleep, or `exception`), and `resultPayload`.
 * The result is the latter, and beside it what the handler was told. A job that an earlier attempt began is picked up
 * where it was: then no action is carried out again.
 */
public final class PopHandler {
    private static final Set<String> KNOWN =
        Set.of("-launchType", "-externalLaunchType", "-propFile", "-payloadFile", "-lastProgressFile");
    private static final List<String> VARIABLES =
        List.of("OPERATION_NAME", "AGENDA_ID", "OPERATION_ID", "CUSTOMER_ID", "PROGRESS_ID", "CID");

    public static void main(String[] words) throws Exception {
        Map<String, String> named = arguments(words);
        if (!"local".equals(named.getOrDefault("-launchType", "kubernetes"))) {
            System.err.println("expected a cluster to report to");
            System.exit(1);
        }
        Properties properties = properties(named.getOrDefault("-propFile", "/app/config/external.properties"));
        Map<String, Object> payload = map(Json.read(payload(named)));
        log("Operation metadata - " + System.getenv("OPERATION_NAME"));
        try {
            Object begun = jobOf(lastProgress(named));
            if (begun == null) {
                carryOut(list(payload.get("actions")));
            }
            Map<String, Object> result = map(payload.get("resultPayload"));
            result.put("told", told(words, properties, begun));
            report("COMPLETE", "succeeded", 100.0, null);
            log("Payload: " + Json.write(result));
        } catch (IllegalStateException failure) {
            // As POP's unhandled path has it: what went wrong is the result, and the progress says nothing of it.
            report("COMPLETE", "failed", null, null);
            log("Payload: " + Json.write(new LinkedHashMap<>(Map.of("message", failure.getMessage()))));
        }
        log("HandlerComplete");
    }

    private static Map<String, String> arguments(String[] words) {
        Map<String, String> found = new LinkedHashMap<>();
        for (int at = 0; at < words.length; at += 2) {
            if (!KNOWN.contains(words[at]) || at + 1 == words.length) {
                System.err.println("Unrecognized option: " + words[at]);
                System.exit(1);
            }
            found.put(words[at], words[at + 1]);
        }
        return found;
    }

    private static Properties properties(String file) throws IOException {
        Properties found = new Properties();
        if (Files.exists(Path.of(file))) {
            try (var reader = Files.newBufferedReader(Path.of(file))) {
                found.load(reader);
            }
        } else {
            log("no properties at " + file);
        }
        return found;
    }

    private static String payload(Map<String, String> named) throws IOException {
        String file = named.get("-payloadFile");
        return file != null ? Files.readString(Path.of(file)) : payloadOfEnvironment();
    }

    private static String payloadOfEnvironment() throws IOException {
        if (!"compressedEnvVar".equals(System.getenv("POP_PAYLOAD_TYPE"))) {
            return System.getenv("PAYLOAD");
        }
        StringBuilder parts = new StringBuilder();
        for (int number = 0; System.getenv("POP_COMPRESSED_PAYLOAD_" + number) != null; number++) {
            parts.append(System.getenv("POP_COMPRESSED_PAYLOAD_" + number));
        }
        byte[] packed = Base64.getDecoder().decode(parts.toString());
        try (var stream = new InflaterInputStream(new java.io.ByteArrayInputStream(packed))) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static Map<String, Object> lastProgress(Map<String, String> named) throws IOException {
        String file = named.get("-lastProgressFile");
        String text = file != null ? Files.readString(Path.of(file)) : System.getenv("LAST_PROGRESS");
        return text == null ? new LinkedHashMap<>() : map(Json.read(text));
    }

    private static Object jobOf(Map<String, Object> progress) {
        return map(map(progress.get("params")).get("jobInfo")).get("jobId");
    }

    private static void carryOut(List<Object> actions) throws InterruptedException {
        for (int at = 0; at < actions.size(); at++) {
            Map<String, Object> action = map(actions.get(at));
            Map<String, Object> params = map(action.get("paramsMap"));
            long milliseconds = params.get("sleepMilliseconds") instanceof Number given ? given.longValue() : 0;
            report("EXECUTING", "action " + at, 100.0 * at / actions.size(), job());
            for (; milliseconds > 0; milliseconds -= 100) {
                Thread.sleep(100);
            }
            if ("exception".equals(action.get("action"))) {
                throw new IllegalStateException((String) params.get("exceptionMessage"));
            }
            log(String.valueOf(params.get("logMessage")));
        }
    }

    private static Map<String, Object> job() {
        Map<String, Object> info = new LinkedHashMap<>(Map.of("jobId", "job-" + ProcessHandle.current().pid()));
        return new LinkedHashMap<>(Map.of("jobInfo", info));
    }

    private static Map<String, Object> told(String[] words, Properties properties, Object begun) throws IOException {
        Map<String, Object> found = new LinkedHashMap<>();
        found.put("arguments", new ArrayList<Object>(List.of(words)));
        found.put("property", properties.getProperty("pop.title"));
        found.put("type", System.getenv("POP_PAYLOAD_TYPE"));
        found.put("payload", payloadOfEnvironment());
        found.put("pickedUp", begun);
        for (String name : VARIABLES) {
            found.put(name, System.getenv(name));
        }
        return found;
    }

    private static void report(String state, String message, Double percent, Object params) {
        Map<String, Object> progress = new LinkedHashMap<>();
        progress.put("id", null);
        progress.put("operation", System.getenv("OPERATION_NAME"));
        progress.put("processingState", state);
        progress.put("processingStateMessage", message);
        progress.put("percentComplete", percent);
        progress.put("params", params);
        progress.put("diagnosticEvents", null);
        log("Progress: " + Json.write(progress));
    }

    private static void log(String message) {
        System.out.println("2026-11-26 12:00:00,000 host1 " + System.getenv("CID") + " INFO  [main] c.e.Log: " + message);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Object value) {
        return value instanceof Map ? (Map<String, Object>) value : new LinkedHashMap<>();
    }

    @SuppressWarnings("unchecked")
    private static List<Object> list(Object value) {
        return value instanceof List ? (List<Object>) value : new ArrayList<>();
    }

    /** As much of JSON (RFC 8259) as a payload needs. */
    private static final class Json {
        private final String text;
        private int at;

        private Json(String text) {
            this.text = text;
        }

        static Object read(String text) {
            return new Json(text).value();
        }

        static String write(Object value) {
            if (value instanceof Map<?, ?> map) {
                List<String> found = new ArrayList<>();
                map.forEach((name, one) -> found.add(quoted((String) name) + ":" + write(one)));
                return "{" + String.join(",", found) + "}";
            }
            if (value instanceof List<?> list) {
                return "[" + String.join(",", list.stream().map(Json::write).toList()) + "]";
            }
            return value instanceof String word ? quoted(word) : String.valueOf(value);
        }

        private static String quoted(String word) {
            StringBuilder found = new StringBuilder("\"");
            for (char one : word.toCharArray()) {
                if (one == '"' || one == '\\') {
                    found.append('\\').append(one);
                } else if (one < ' ') {
                    found.append(String.format("\\u%04x", (int) one));
                } else {
                    found.append(one);
                }
            }
            return found.append('"').toString();
        }

        private Object value() {
            switch (next()) {
                case '{':
                    Map<String, Object> map = new LinkedHashMap<>();
                    for (at++; next() != '}'; skip(',')) {
                        String name = word();
                        next();
                        at++; // the colon
                        map.put(name, value());
                    }
                    at++;
                    return map;
                case '[':
                    List<Object> list = new ArrayList<>();
                    for (at++; next() != ']'; skip(',')) {
                        list.add(value());
                    }
                    at++;
                    return list;
                case '"':
                    return word();
                default:
                    return bare();
            }
        }

        private Object bare() {
            int begin = at;
            while (at < text.length() && ",]} \n\r\t".indexOf(text.charAt(at)) < 0) {
                at++;
            }
            String found = text.substring(begin, at);
            return switch (found) {
                case "null" -> null;
                case "true", "false" -> Boolean.valueOf(found);
                default -> Double.valueOf(found);
            };
        }

        private String word() {
            StringBuilder found = new StringBuilder();
            for (at++; text.charAt(at) != '"'; at++) {
                char one = text.charAt(at);
                found.append(one == '\\' ? escaped() : one);
            }
            at++;
            return found.toString();
        }

        private char escaped() {
            char one = text.charAt(++at);
            if (one == 'u') {
                at += 4;
                return (char) Integer.parseInt(text.substring(at - 3, at + 1), 16);
            }
            int known = "bfnrt".indexOf(one);
            return known < 0 ? one : "\b\f\n\r\t".charAt(known);
        }

        private char next() {
            while (" \n\r\t".indexOf(text.charAt(at)) >= 0) {
                at++;
            }
            return text.charAt(at);
        }

        private void skip(char one) {
            if (next() == one) {
                at++;
            }
        }
    }
}
