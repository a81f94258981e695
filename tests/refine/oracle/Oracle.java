import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.refine.ProjectManager;
import com.google.refine.ProjectMetadata;
import com.google.refine.browsing.Engine;
import com.google.refine.clustering.Clusterer;
import com.google.refine.clustering.ClustererConfig;
import com.google.refine.clustering.binning.BeiderMorseKeyer;
import com.google.refine.clustering.binning.ColognePhoneticKeyer;
import com.google.refine.clustering.binning.DaitchMokotoffKeyer;
import com.google.refine.clustering.binning.FingerprintKeyer;
import com.google.refine.clustering.binning.KeyerFactory;
import com.google.refine.clustering.binning.Metaphone3Keyer;
import com.google.refine.clustering.binning.NGramFingerprintKeyer;
import com.google.refine.clustering.knn.DistanceFactory;
import com.google.refine.clustering.knn.VicinoDistance;
import com.google.refine.exporters.CsvExporter;
import com.google.refine.expr.EvalError;
import com.google.refine.expr.Evaluable;
import com.google.refine.expr.ExpressionUtils;
import com.google.refine.expr.MetaParser;
import com.google.refine.expr.ParsingException;
import com.google.refine.grel.Parser;
import com.google.refine.importers.SeparatorBasedImporter;
import com.google.refine.importing.ImportingJob;
import com.google.refine.io.FileProjectManager;
import com.google.refine.model.AbstractOperation;
import com.google.refine.model.Cell;
import com.google.refine.model.Column;
import com.google.refine.model.Project;
import com.google.refine.model.Row;
import com.google.refine.operations.OperationRegistry;
import com.google.refine.util.ParsingUtilities;
import edu.mit.simile.vicino.distances.LevenshteinDistance;
import edu.mit.simile.vicino.distances.PPMDistance;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.Serializable;
import java.io.StringReader;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * OpenRefine's own engine, asked by tests: a request per line on stdin, an answer per line on stdout, both JSON.
 *
 * <p>{"evaluate": [{expression, value, cells, rowIndex, columnName}]} gives {"results": [value]}; {"apply": [operation],
 * "csv": text, "options": {}} gives {"columns": [name], "rows": [[value]], "flags": [[flagged, starred]], "csv": text},
 * or {"refused": message, "index": n}; with "quiet" the rows are left out, and CPU seconds say what each part took.
 * {"cluster": the server's clusterer, "values": [value]} gives {"clusters": [[{"v": text, "c": count}]]}, and {"keys":
 * keyer, "texts": [text]} gives {"keys": [key]}; {"separator": text} gives {"found": sign}. Arguments: a
 * scratch folder, and a file with `name class` per operation.
 */
public class Oracle {
    static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    public static void main(String[] arguments) throws Exception {
        PrintStream answers = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), true, "US-ASCII");
        System.setOut(System.err);
        FileProjectManager.initialize(new File(arguments[0]));
        MetaParser.registerLanguageParser("grel", "GREL", Parser.grelParser, "value");
        for (String line : java.nio.file.Files.readAllLines(Path.of(arguments[1]))) {
            register(line.split(" "));
        }
        registerClustering();
        ObjectMapper mapper = new ObjectMapper();
        mapper.getFactory().configure(JsonGenerator.Feature.ESCAPE_NON_ASCII, true);
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            JsonNode request = mapper.readTree(line);
            answers.println(mapper.writeValueAsString(answer(request)));
        }
        // The comparison of neighbours leaves threads that wait for more work.
        System.exit(0);
    }

    static ObjectNode answer(JsonNode request) throws Exception {
        if (request.has("cluster")) {
            return cluster(request);
        } else if (request.has("keys")) {
            return keys(request);
        } else if (request.has("separator")) {
            return separator(request);
        }
        return request.has("evaluate") ? evaluate(request) : apply(request);
    }

    /** The clusters of a column as the server answers them. */
    static ObjectNode cluster(JsonNode request) throws Exception {
        Project project = new Project();
        int index = project.columnModel.allocateNewCellIndex();
        project.columnModel.addColumn(index, new Column(index, "values"), false);
        for (JsonNode value : request.get("values")) {
            Row row = new Row(1);
            Serializable held = decode(value);
            row.setCell(index, held == null ? null : new Cell(held, null));
            project.rows.add(row);
        }
        project.update();
        ClustererConfig config = ParsingUtilities.mapper.treeToValue(request.get("cluster"), ClustererConfig.class);
        Clusterer clusterer = config.apply(project);
        clusterer.computeClusters(new Engine(project));
        ObjectNode answer = JSON.objectNode();
        answer.set("clusters", ParsingUtilities.mapper.valueToTree(clusterer));
        return answer;
    }

    static ObjectNode keys(JsonNode request) {
        ObjectNode answer = JSON.objectNode();
        var keys = answer.putArray("keys");
        for (JsonNode text : request.get("texts")) {
            try {
                keys.add(KeyerFactory.get(request.get("keys").asText()).key(text.asText()));
            } catch (RuntimeException failure) {
                keys.add(JSON.objectNode().put("thrown", failure.toString()));
            }
        }
        return answer;
    }

    /** The separator that the importer of CSV proposes for a text, null where it finds none. */
    static ObjectNode separator(JsonNode request) throws Exception {
        Path file = java.nio.file.Files.createTempFile("separator", ".csv");
        try {
            java.nio.file.Files.writeString(file, request.get("separator").asText());
            Object found = SeparatorBasedImporter.guessSeparator(file.toFile(), "UTF-8", true);
            ObjectNode answer = JSON.objectNode();
            if (found == null) {
                return answer.putNull("found");
            }
            var field = found.getClass().getDeclaredField("separator");
            field.setAccessible(true);
            return answer.put("found", String.valueOf(field.get(found)));
        } finally {
            java.nio.file.Files.delete(file);
        }
    }

    /** The keyers and distances that OpenRefine's own controller registers. */
    static void registerClustering() {
        KeyerFactory.put("fingerprint", new FingerprintKeyer());
        KeyerFactory.put("ngram-fingerprint", new NGramFingerprintKeyer());
        KeyerFactory.put("metaphone3", new Metaphone3Keyer());
        KeyerFactory.put("cologne-phonetic", new ColognePhoneticKeyer());
        KeyerFactory.put("daitch-mokotoff", new DaitchMokotoffKeyer());
        KeyerFactory.put("beider-morse", new BeiderMorseKeyer());
        DistanceFactory.put("levenshtein", new VicinoDistance(new LevenshteinDistance()));
        DistanceFactory.put("ppm", new VicinoDistance(new PPMDistance()));
    }

    @SuppressWarnings("unchecked")
    static void register(String[] operation) throws Exception {
        Class<? extends AbstractOperation> type = (Class<? extends AbstractOperation>) Class.forName(operation[1]);
        OperationRegistry.s_opNameToClass.put(operation[0], List.of(type));
        OperationRegistry.s_opClassToName.put(type, operation[0]);
    }

    static ObjectNode evaluate(JsonNode request) {
        ObjectNode answer = JSON.objectNode();
        var results = answer.putArray("results");
        for (JsonNode one : request.get("evaluate")) {
            results.add(evaluateOne(one));
        }
        return answer;
    }

    static JsonNode evaluateOne(JsonNode one) {
        Project project = new Project();
        try {
            Row row = new Row(4);
            String own = one.path("columnName").asText("value");
            addCell(project, row, own, one.path("value"));
            for (Iterator<Map.Entry<String, JsonNode>> cells = one.path("cells").fields(); cells.hasNext();) {
                var cell = cells.next();
                if (!cell.getKey().equals(own)) {
                    addCell(project, row, cell.getKey(), cell.getValue());
                }
            }
            project.rows.add(row);
            project.update();
            Evaluable expression;
            try {
                expression = MetaParser.parse(one.get("expression").asText());
            } catch (ParsingException refusal) {
                return JSON.objectNode().put("refused", String.valueOf(refusal.getMessage()));
            }
            Properties bindings = ExpressionUtils.createBindings(project);
            ExpressionUtils.bind(bindings, row, one.path("rowIndex").asInt(0), own, row.getCell(0));
            return encode(expression.evaluate(bindings));
        } catch (Throwable failure) {
            return JSON.objectNode().put("thrown", failure.toString());
        }
    }

    static void addCell(Project project, Row row, String name, JsonNode value) throws Exception {
        int index = project.columnModel.allocateNewCellIndex();
        project.columnModel.addColumn(index, new Column(index, name), false);
        Serializable held = decode(value);
        row.setCell(index, held == null ? null : new Cell(held, null));
    }

    static ObjectNode apply(JsonNode request) throws Exception {
        Project project = new Project();
        ProjectMetadata metadata = new ProjectMetadata();
        int index = -1;
        long started = cpu();
        try {
            ProjectManager.singleton.registerProject(project, metadata);
            List<Exception> failures = new ArrayList<>();
            ObjectNode options = JSON.objectNode();
            options.put("separator", ",").put("headerLines", 1).put("ignoreLines", -1).put("skipDataLines", 0).put("limit", -1);
            options.put("storeBlankRows", true).put("storeBlankCellsAsNulls", true).put("guessCellValueTypes", false);
            options.put("processQuotes", true).put("quoteCharacter", "\"").put("trimStrings", false);
            options.put("includeFileSources", false).put("includeArchiveFileName", false);
            if (request.has("options")) {
                options.setAll((ObjectNode) request.get("options"));
            }
            ImportingJob job = new ImportingJob(project.id, new File(System.getProperty("java.io.tmpdir"), "job" + project.id));
            new SeparatorBasedImporter().parseOneFile(
                    project, metadata, job, "table.csv", new StringReader(request.get("csv").asText()), -1, options, failures);
            if (!failures.isEmpty()) {
                return JSON.objectNode().put("refused", failures.get(0).toString()).put("index", -1);
            }
            project.update();
            long imported = cpu();
            for (JsonNode operation : request.get("apply")) {
                index += 1;
                AbstractOperation parsed = ParsingUtilities.mapper.treeToValue(operation, AbstractOperation.class);
                parsed.validate();
                parsed.createProcess(project, new Properties()).performImmediate();
            }
            long replayed = cpu();
            ObjectNode answer = request.has("quiet") ? csv(project, JSON.objectNode()) : table(project);
            return answer.put("importSeconds", (imported - started) / 1e9)
                    .put("stepSeconds", (replayed - imported) / 1e9)
                    .put("exportSeconds", (cpu() - replayed) / 1e9);
        } catch (Throwable failure) {
            return JSON.objectNode().put("refused", failure.toString()).put("index", index);
        } finally {
            ProjectManager.singleton.deleteProject(project.id);
        }
    }

    /** Nanoseconds of CPU that this thread has spent: what the compiler and the collector do is not counted. */
    static long cpu() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    static ObjectNode table(Project project) throws Exception {
        ObjectNode answer = JSON.objectNode();
        var columns = answer.putArray("columns");
        for (Column column : project.columnModel.columns) {
            columns.add(column.getName());
        }
        var rows = answer.putArray("rows");
        var flags = answer.putArray("flags");
        for (Row row : project.rows) {
            var cells = rows.addArray();
            for (Column column : project.columnModel.columns) {
                cells.add(encode(row.getCellValue(column.getCellIndex())));
            }
            flags.addArray().add(row.flagged).add(row.starred);
        }
        return csv(project, answer);
    }

    static ObjectNode csv(Project project, ObjectNode answer) throws Exception {
        StringWriter csv = new StringWriter();
        new CsvExporter().export(project, new Properties(), new Engine(project), csv);
        return answer.put("csv", csv.toString());
    }

    static Serializable decode(JsonNode value) {
        if (value.has("long")) {
            return Long.valueOf(value.get("long").asText());
        } else if (value.has("double")) {
            return Double.valueOf(value.get("double").asText());
        } else if (value.has("date")) {
            return OffsetDateTime.parse(value.get("date").asText());
        } else if (value.has("error")) {
            return new EvalError(value.get("error").asText());
        } else if (value.isBoolean()) {
            return value.asBoolean();
        }
        return value.isTextual() ? value.asText() : null;
    }

    static JsonNode encode(Object value) {
        if (value == null) {
            return JSON.nullNode();
        } else if (value instanceof String text) {
            return JSON.textNode(text);
        } else if (value instanceof Boolean flag) {
            return JSON.booleanNode(flag);
        } else if (value instanceof Long || value instanceof Integer) {
            return JSON.objectNode().put("long", value.toString());
        } else if (value instanceof Double) {
            return JSON.objectNode().put("double", value.toString());
        } else if (value instanceof OffsetDateTime date) {
            return JSON.objectNode().put("date", date.format(DateTimeFormatter.ISO_OFFSET_DATE_TIME));
        } else if (value instanceof EvalError error) {
            return JSON.objectNode().put("error", error.message);
        } else if (value instanceof Object[] || value instanceof Collection<?>) {
            var list = JSON.arrayNode();
            for (Object part : value instanceof Object[] array ? Arrays.asList(array) : (Collection<?>) value) {
                list.add(encode(part));
            }
            return list;
        }
        return JSON.objectNode().put("other", value.getClass().getName()).put("text", value.toString());
    }
}
