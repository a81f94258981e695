#!/usr/bin/env bash
# OpenRefine's nearest-neighbour clusters depend on how many processors the machine has. Each processor compares a share
# of the blocks and keeps its own neighbours of a value; the shares are listed, not joined. So on a larger machine a
# cluster falls into pieces, the same values stand in several of them, and whoever merges the first misses the rest.
# One processor gives what the distance and the radius say.
# Seen with OpenRefine 3.9.5 (org.openrefine:main, with vicino 1.2.1): three values within the radius of each other, of
# which each two share one word, are one cluster on one processor, and several overlapping ones on eight.
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
cat > "$work/Clusters.java" <<'JAVA'
import com.google.refine.browsing.Engine;
import com.google.refine.clustering.Clusterer;
import com.google.refine.clustering.ClustererConfig;
import com.google.refine.clustering.knn.DistanceFactory;
import com.google.refine.clustering.knn.VicinoDistance;
import com.google.refine.model.Cell;
import com.google.refine.model.Column;
import com.google.refine.model.Project;
import com.google.refine.model.Row;
import com.google.refine.util.ParsingUtilities;
import edu.mit.simile.vicino.distances.LevenshteinDistance;

class Clusters {
    public static void main(String[] values) throws Exception {
        DistanceFactory.put("levenshtein", new VicinoDistance(new LevenshteinDistance()));
        Project project = new Project();
        project.columnModel.addColumn(0, new Column(project.columnModel.allocateNewCellIndex(), "town"), false);
        for (String value : values) {
            Row row = new Row(1);
            row.setCell(0, new Cell(value, null));
            project.rows.add(row);
        }
        String asked = "{'type': 'knn', 'function': 'levenshtein', 'column': 'town',"
                + " 'params': {'radius': 9, 'blocking-ngram-size': 3}}";
        Clusterer clusterer = ParsingUtilities.mapper.readValue(asked.replace('\'', '"'), ClustererConfig.class).apply(project);
        clusterer.computeClusters(new Engine(project));
        System.out.println(ParsingUtilities.mapper.writeValueAsString(clusterer));
        System.exit(0);
    }
}
JAVA
clusters() {
  java -XX:ActiveProcessorCount="$1" -Djava.io.tmpdir="$work" -cp "$work/jars/*" "$work/Clusters.java" \
    "Bern Basel" "Basel Zug" "Zug Bern" 2> "$work/log" || { cat "$work/log" >&2; exit 1; }
}
one=$(clusters 1)
several=$(clusters 8)
echo "one processor: $one"
echo "eight processors: $several"
[ "$(grep -o '"v":"Basel Zug"' <<< "$one" | wc -l)" = 1 ] || { echo "one processor gives several clusters"; exit 1; }
[ "$(grep -o '"v":"Basel Zug"' <<< "$several" | wc -l)" -gt 1 ] || { echo "processors do not matter now"; exit 1; }
