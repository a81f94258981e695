#!/usr/bin/env bash
# OpenRefine takes other rows than a facet shows, in two cases, and says nothing. A scatterplot facet that is drawn with
# logarithmic axes or rotated chooses rows as if its axes were linear and upright, because the operation forgets both
# when it is read; and a facet on a column that is not there, as after a rename in a history that is applied again, is
# left out, so that removing its rows removes every row.
# Seen with OpenRefine 3.9.5 (org.openrefine:main): of the points 0 to 100 the left half of a logarithmic axis holds 2,
# and 3 are removed, as on a linear one; of 5 rows, of which a text facet on a missing column can show none, 5 are removed.
# Needs a JDK of at least 17 and Maven.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/pom.xml" <<'XML'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>findings</groupId>
  <artifactId>openrefine</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.openrefine</groupId><artifactId>main</artifactId><version>3.9.5</version></dependency>
  </dependencies>
</project>
XML
mvn -B -q -f "$work/pom.xml" dependency:copy-dependencies -DoutputDirectory="$work/jars" > /dev/null
cat > "$work/Facets.java" <<'JAVA'
import com.google.refine.ProjectManager;
import com.google.refine.ProjectMetadata;
import com.google.refine.expr.MetaParser;
import com.google.refine.grel.Parser;
import com.google.refine.io.FileProjectManager;
import com.google.refine.model.AbstractOperation;
import com.google.refine.model.Cell;
import com.google.refine.model.Column;
import com.google.refine.model.Project;
import com.google.refine.model.Row;
import com.google.refine.operations.OperationRegistry;
import com.google.refine.operations.row.RowRemovalOperation;
import com.google.refine.util.ParsingUtilities;
import java.io.File;
import java.util.List;
import java.util.Properties;

class Facets {
    static int removed(String facet) throws Exception {
        Project project = new Project();
        ProjectManager.singleton.registerProject(project, new ProjectMetadata());
        project.columnModel.addColumn(0, new Column(project.columnModel.allocateNewCellIndex(), "x"), false);
        for (long x : new long[] {0, 5, 20, 60, 100}) {
            Row row = new Row(1);
            row.setCell(0, new Cell(x, null));
            project.rows.add(row);
        }
        project.update();
        String operation = "{'op': 'core/row-removal', 'engineConfig': {'mode': 'row-based', 'facets': [" + facet + "]}}";
        ParsingUtilities.mapper.readValue(operation.replace('\'', '"'), AbstractOperation.class)
                .createProcess(project, new Properties()).performImmediate();
        return 5 - project.rows.size();
    }

    static String scatterplot(String scale) {
        return "{'type': 'scatterplot', 'name': 'x', 'l': 150, 'dot': 1, 'cx': 'x', 'ex': 'value', 'cy': 'x', 'ey': 'value',"
                + " 'from_x': 0, 'to_x': 0.5, 'from_y': 0, 'to_y': 1, 'dim_x': '" + scale + "', 'dim_y': 'lin', 'r': 'none'}";
    }

    public static void main(String[] arguments) throws Exception {
        FileProjectManager.initialize(new File(arguments[0]));
        MetaParser.registerLanguageParser("grel", "GREL", Parser.grelParser, "value");
        OperationRegistry.s_opNameToClass.put("core/row-removal", List.of(RowRemovalOperation.class));
        OperationRegistry.s_opClassToName.put(RowRemovalOperation.class, "core/row-removal");
        String missing = "{'type': 'text', 'name': 'gone', 'columnName': 'gone', 'query': 'zzz', 'mode': 'text',"
                + " 'caseSensitive': false, 'invert': false}";
        System.out.println(removed(scatterplot("lin")) + " " + removed(scatterplot("log")) + " " + removed(missing));
        System.exit(0);
    }
}
JAVA
mkdir "$work/projects"
read -r linear logarithmic missing < <(
  java -Djava.io.tmpdir="$work" -cp "$work/jars/*" "$work/Facets.java" "$work/projects" 2> "$work/log" || cat "$work/log" >&2
)
echo "removed of 5 rows: $linear on a linear axis, $logarithmic on a logarithmic one, $missing by a column that is not there"
[ "$linear" = 3 ] || { echo "a linear axis chooses other rows now"; exit 1; }
[ "$logarithmic" = 3 ] || { echo "a logarithmic axis counts now"; exit 1; }
[ "$missing" = 5 ] || { echo "a facet on a missing column removes no more, or is refused"; exit 1; }
