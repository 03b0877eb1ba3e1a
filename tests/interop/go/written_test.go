package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	writtenTenant = "ten_01jd5x0000e008000000000001"
	writtenOrigin = "go.example.com/log/" + writtenTenant
)

// The other way round: a log that Go wrote, with its own JSON, tree, tiles, signatures and archive, must be believed by our verifier.
func TestLogsWrittenByGoAreBelieved(t *testing.T) {
	for _, size := range []int64{1, 2, 3, 255, 256, 257, 511, 512, 513, 70000} {
		folder := t.TempDir()
		path, pinned := writeLog(t, folder, size, nil)
		report, status := ours(t, path, pinned)
		if status != 0 || report.Verdict != "ok" || report.Rows != size {
			t.Fatalf("%d rows: status %d, %+v", size, status, report)
		}
	}
}

// A bit of a row that Go changed after it had hashed it is found, and the row is named.
func TestChangedLogsWrittenByGoAreRefused(t *testing.T) {
	change := func(rows [][]byte) { rows[7] = bytes.Replace(rows[7], []byte("ADMIN"), []byte("OWNER"), 1) }
	path, pinned := writeLog(t, t.TempDir(), 300, change)
	report, status := ours(t, path, pinned)
	if status != 1 || report.Verdict != "broken" || report.FirstBad.Seq == nil || *report.FirstBad.Seq != 7 {
		t.Fatalf("status %d, %+v", status, report)
	}
}

type verdict struct {
	Verdict  string `json:"verdict"`
	Rows     int64  `json:"rows_checked"`
	FirstBad struct {
		Seq  *int64
		Kind string
	} `json:"first_bad"`
}

func ours(t *testing.T, path, pinned string) (verdict, int) {
	t.Helper()
	command := exec.Command("cargo", "run", "--quiet", "--package", "inspector", "--", path, "--policy", pinned, "--json")
	output, err := command.Output()
	status := 0
	if exit, ok := err.(*exec.ExitError); ok {
		status = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	var report verdict
	if err := json.Unmarshal(output, &report); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return report, status
}

// writeLog writes an export and the policy for it. What change does to the rows, the tree does not know.
func writeLog(t *testing.T, folder string, size int64, change func([][]byte)) (string, string) {
	t.Helper()
	key, verifier := writtenKey(t)
	rows, hashes := writtenRows(t, size)
	root, err := tlog.TreeHash(size, hashes)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{
		"README.txt": []byte("Written by Go.\n"),
		"keys.json":  []byte("{}"),
		"checkpoint": writtenNote(t, key, fmt.Sprintf("%s\n%d\n%s\n", writtenOrigin, size, root)),
	}
	for _, tile := range tlog.NewTiles(8, 0, size) {
		data, err := tlog.ReadTileData(tile, hashes)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.Replace(tile.Path(), "tile/8/", "tile/", 1)] = data
	}
	// NewTiles gives every tile that is new since a size: partial ones of every width are not among them.
	if change != nil {
		change(rows)
	}
	for start := int64(0); start < size; start += 256 {
		width := min(256, size-start)
		bundle := tlog.Tile{H: 8, L: -1, N: start / 256, W: int(width)}
		var data []byte
		for _, row := range rows[start : start+width] {
			data = append(data, byte(len(row)>>8), byte(len(row)))
			data = append(data, row...)
		}
		files[strings.Replace(bundle.Path(), "tile/8/data/", "tile/entries/", 1)] = data
	}
	sumUp(t, key, files, size)
	path, pinned := filepath.Join(folder, "go.audit.zip"), filepath.Join(folder, "policy.txt")
	pack(t, path, files)
	policy := fmt.Sprintf("origin %s\nlog %s\ntier signed\n", writtenOrigin, verifier)
	if err := os.WriteFile(pinned, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, pinned
}

func writtenKey(t *testing.T) (note.Signer, string) {
	t.Helper()
	seed := bytes.Repeat([]byte{9}, 64)
	private, verifier, err := note.GenerateKey(bytes.NewReader(seed), writtenOrigin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer, verifier
}

func writtenNote(t *testing.T, key note.Signer, text string) []byte {
	t.Helper()
	signed, err := note.Sign(&note.Note{Text: text}, key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// writtenRows makes rows with Go's JSON: it sorts the keys of a map.
func writtenRows(t *testing.T, size int64) ([][]byte, stored) {
	t.Helper()
	var rows [][]byte
	var hashes stored
	prev := strings.Repeat("0", 64)
	for seq := int64(0); seq < size; seq++ {
		action, data := "role.changed", map[string]any{"new": "ADMIN", "old": "REVIEWER «é»"}
		if seq == 0 {
			action, data = "log.genesis", map[string]any{"hash": "sha256", "origin": writtenOrigin}
		}
		row := canonical(t, map[string]any{
			"act": map[string]any{"id": "usr_1", "kind": "user"}, "action": action, "at": "2026-11-21T00:00:00.001234Z", "data": data,
			"id": fmt.Sprintf("aud_%026d", seq), "out": "ok", "prev": prev, "rx": "2026-11-21T00:00:00.210000Z", "salt": fmt.Sprintf("%032x", seq),
			"seq": seq, "src": map[string]any{"app": "go", "inst": "1", "n": seq + 1}, "t": writtenTenant,
			"target": map[string]any{"id": "usr_2", "kind": "user"}, "v": 1,
		})
		added, err := tlog.StoredHashes(seq, row, hashes)
		if err != nil {
			t.Fatal(err)
		}
		rows, hashes = append(rows, row), append(hashes, added...)
		leaf := tlog.RecordHash(row)
		prev = hex.EncodeToString(leaf[:])
	}
	return rows, hashes
}

func canonical(t *testing.T, value any) []byte {
	t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}

func sumUp(t *testing.T, key note.Signer, files map[string][]byte, size int64) {
	t.Helper()
	listed := map[string]any{}
	for name, content := range files {
		digest := sha256.Sum256(content)
		listed[name] = map[string]any{"bytes": len(content), "sha256": hex.EncodeToString(digest[:])}
	}
	manifest := canonical(t, map[string]any{
		"files": listed, "format": "proofline-audit/1", "origin": writtenOrigin, "size": size, "tenant": writtenTenant,
	})
	digest := sha256.Sum256(manifest)
	statement := fmt.Sprintf("proofline-audit/1 manifest\norigin %s\nsha256 %s\n", writtenOrigin, hex.EncodeToString(digest[:]))
	files["manifest.json"], files["manifest.sig"] = manifest, writtenNote(t, key, statement)
}

// pack writes the one encoding with Go's archive/zip: raw headers, so that it adds nothing of its own.
func pack(t *testing.T, path string, files map[string][]byte) {
	t.Helper()
	var names []string
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	archive := zip.NewWriter(file)
	for _, name := range names {
		content := files[name]
		writer, err := archive.CreateRaw(&zip.FileHeader{
			Name: name, CreatorVersion: 10, ReaderVersion: 10, Method: zip.Store, ModifiedDate: 0x21, CRC32: crc32.ChecksumIEEE(content),
			CompressedSize64: uint64(len(content)), UncompressedSize64: uint64(len(content)),
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := writer.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
}

