#!/usr/bin/env bash
# OpenRefine's Metaphone 3 keys depend on the language that the machine is set to: letters are made capital by the rules of
# that language before they are compared. In Turkish the capital of i is a dotted one, which Metaphone 3 does not know.
# So the same table gives other clusters on a colleague's machine.
# Seen with OpenRefine 3.9.5 (org.openrefine:main): set to English, icing and ICING share the key ASNK and irwin has ARN;
# set to Turkish, icing has KNK, ICING still ASNK, and irwin RN. phillips and smith have the same keys in both.
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
cat > "$work/Keys.java" <<'JAVA'
import com.google.refine.clustering.binning.Metaphone3Keyer;

class Keys {
    public static void main(String[] values) {
        for (String value : values) {
            System.out.println(value + " " + new Metaphone3Keyer().key(value));
        }
        System.exit(0);
    }
}
JAVA
keys() { # on one line
  java -Duser.language="$1" -Djava.io.tmpdir="$work" -cp "$work/jars/*" "$work/Keys.java" \
    icing ICING irwin phillips smith 2> "$work/log" | paste -s -d " " || { cat "$work/log" >&2; exit 1; }
}
english=$(keys en)
turkish=$(keys tr)
echo "English: $english"
echo "Turkish: $turkish"
[ "$english" = "icing ASNK ICING ASNK irwin ARN phillips FLPS smith SM0" ] || { echo "English has other keys now"; exit 1; }
[ "$turkish" = "icing KNK ICING ASNK irwin RN phillips FLPS smith SM0" ] || { echo "Turkish has other keys now"; exit 1; }
