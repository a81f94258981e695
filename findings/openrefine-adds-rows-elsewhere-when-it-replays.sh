#!/usr/bin/env bash
# OpenRefine replays its own history with added rows in another place, and says nothing: the operation is recorded with
# its position as `index`, and read back from `insertionIndex`, which is not there, so that the rows come first.
# Seen with OpenRefine 3.9.5 (org.openrefine:main): a row added behind the third is the first after the extracted history
# is applied to the same table.
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
cat > "$work/Added.java" <<'JAVA'
import com.google.refine.ProjectManager;
import com.google.refine.ProjectMetadata;
import com.google.refine.io.FileProjectManager;
import com.google.refine.model.AbstractOperation;
import com.google.refine.model.Cell;
import com.google.refine.model.Column;
import com.google.refine.model.Project;
import com.google.refine.model.Row;
import com.google.refine.operations.OperationRegistry;
import com.google.refine.operations.row.RowAdditionOperation;
import com.google.refine.util.ParsingUtilities;
import java.io.File;
import java.util.List;
import java.util.Properties;

class Added {
    /** Apply an operation to three rows and return where the empty row is then. */
    static int place(AbstractOperation operation) throws Exception {
        Project project = new Project();
        ProjectManager.singleton.registerProject(project, new ProjectMetadata());
        project.columnModel.addColumn(0, new Column(project.columnModel.allocateNewCellIndex(), "x"), false);
        for (long x = 1; x <= 3; x++) {
            Row row = new Row(1);
            row.setCell(0, new Cell(x, null));
            project.rows.add(row);
        }
        project.update();
        operation.createProcess(project, new Properties()).performImmediate();
        int at = 0;
        while (project.rows.get(at).getCellValue(0) != null) {
            at++;
        }
        return at;
    }

    public static void main(String[] arguments) throws Exception {
        FileProjectManager.initialize(new File(arguments[0]));
        OperationRegistry.s_opNameToClass.put("core/row-addition", List.of(RowAdditionOperation.class));
        OperationRegistry.s_opClassToName.put(RowAdditionOperation.class, "core/row-addition");
        AbstractOperation done = new RowAdditionOperation(List.of(new Row(1)), 3);
        String recorded = ParsingUtilities.defaultWriter.writeValueAsString(done);
        AbstractOperation read = ParsingUtilities.mapper.readValue(recorded, AbstractOperation.class);
        System.out.println(place(done) + " " + place(read) + " " + recorded);
        System.exit(0);
    }
}
JAVA
mkdir "$work/projects"
read -r done read recorded < <(
  java -Djava.io.tmpdir="$work" -cp "$work/jars/*" "$work/Added.java" "$work/projects" 2> "$work/log" || cat "$work/log" >&2
)
echo "added behind row $done; after reading what was recorded, behind row $read: $recorded"
[ "$done" = 3 ] || { echo "the row is added elsewhere now"; exit 1; }
[ "$read" = 0 ] || { echo "the position is read back now"; exit 1; }
