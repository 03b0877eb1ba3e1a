// Verifies an exported audit log with Go's own packages: archive/zip, golang.org/x/mod/sumdb/note and .../tlog.
// None of the formats is implemented here; only the order of the checks and the link between rows are ours.
//
//	go run . POLICY EXPORT...
//
// An EXPORT whose name ends in .tlog-proof is the proof of one row (C2SP tlog-proof).
// POLICY is the file with the pinned keys: lines "origin NAME", "log KEY", "export KEY" and "directory KEY".
package main

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: go run . POLICY EXPORT...")
		os.Exit(3)
	}
	pinned, err := readPolicy(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "policy:", err)
		os.Exit(3)
	}
	for _, path := range os.Args[2:] {
		check := verify
		if strings.HasSuffix(path, ".tlog-proof") {
			check = verifyProof
		}
		tree, err := check(path, pinned)
		if err != nil {
			fmt.Printf("FAILED %s: %v\n", path, err)
			os.Exit(1)
		}
		fmt.Printf("ok %s: %d rows, root %s\n", path, tree.N, tree.Hash)
	}
}

// policy is what the reader pinned: who signs the log, and who else signs exports of it.
type policy struct {
	origin       string
	log, exports []note.Verifier
	directory    []note.Verifier
}

func readPolicy(path string) (policy, error) {
	var pinned policy
	text, err := os.ReadFile(path)
	if err != nil {
		return pinned, err
	}
	for _, line := range strings.Split(string(text), "\n") {
		word, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "origin":
			pinned.origin = value
		case "log", "export":
			key, err := note.NewVerifier(value)
			if err != nil {
				return pinned, err
			}
			pinned.exports = append(pinned.exports, key)
			if word == "log" {
				pinned.log = append(pinned.log, key)
			}
		case "directory":
			key, err := newECDSAVerifier(value)
			if err != nil {
				return pinned, err
			}
			pinned.directory = append(pinned.directory, key)
		}
	}
	return pinned, nil
}

// verify checks container, manifest, checkpoint, rows and tree, and returns the signed tree.
func verify(path string, pinned policy) (tlog.Tree, error) {
	files, err := unpack(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	if err := checkManifest(files, pinned.exports); err != nil {
		return tlog.Tree{}, err
	}
	checkpoint, err := note.Open(files["checkpoint"], note.VerifierList(pinned.log...))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("checkpoint: %w", err)
	}
	tree, err := parseCheckpoint(checkpoint.Text, pinned.origin)
	if err != nil {
		return tlog.Tree{}, err
	}
	if proof, found := files["anchor/directory.tlog-proof"]; found && len(pinned.directory) > 0 {
		if err := checkDirectory(proof, files["checkpoint"], pinned.directory); err != nil {
			return tlog.Tree{}, fmt.Errorf("anchor/directory.tlog-proof: %w", err)
		}
	}
	return tree, checkRows(files, tree)
}

// verifyProof checks that one row is in the signed tree. The row is the proof's extra data.
func verifyProof(path string, pinned policy) (tlog.Tree, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	row, index, proof, signed, err := splitProof(string(text))
	if err != nil {
		return tlog.Tree{}, err
	}
	checkpoint, err := note.Open([]byte(signed), note.VerifierList(pinned.log...))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("checkpoint: %w", err)
	}
	tree, err := parseCheckpoint(checkpoint.Text, pinned.origin)
	if err != nil {
		return tlog.Tree{}, err
	}
	return tree, tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(row))
}

// splitProof gives the row, its number, the hashes and the signed head of a proof (C2SP tlog-proof).
func splitProof(text string) (row []byte, index int64, proof tlog.RecordProof, signed string, err error) {
	head, signed, found := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "extra ") {
		return nil, 0, nil, "", fmt.Errorf("not a proof that holds its row")
	}
	if row, err = base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra ")); err != nil {
		return nil, 0, nil, "", err
	}
	if _, err = fmt.Sscanf(lines[2], "index %d", &index); err != nil {
		return nil, 0, nil, "", err
	}
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, 0, nil, "", err
		}
		proof = append(proof, hash)
	}
	return row, index, proof, signed, nil
}

func unpack(path string) (map[string][]byte, error) {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	files := make(map[string][]byte)
	for _, file := range archive.File {
		reader, err := file.Open()
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(reader) // fails on a wrong CRC-32
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file.Name, err)
		}
		files[file.Name] = content
	}
	return files, nil
}

func checkManifest(files map[string][]byte, keys []note.Verifier) error {
	signed, err := note.Open(files["manifest.sig"], note.VerifierList(keys...))
	if err != nil {
		return fmt.Errorf("manifest.sig: %w", err)
	}
	digest := sha256.Sum256(files["manifest.json"])
	if !strings.HasSuffix(signed.Text, "\nsha256 "+hex.EncodeToString(digest[:])+"\n") {
		return fmt.Errorf("manifest.sig is about another manifest")
	}
	var manifest struct {
		Files map[string]struct {
			Bytes  int
			Sha256 string
		}
	}
	if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil {
		return err
	}
	if len(files) != len(manifest.Files)+2 {
		return fmt.Errorf("%d files, and the manifest lists %d", len(files), len(manifest.Files))
	}
	for name, listed := range manifest.Files {
		digest := sha256.Sum256(files[name])
		if len(files[name]) != listed.Bytes || hex.EncodeToString(digest[:]) != listed.Sha256 {
			return fmt.Errorf("%s is not as the manifest lists it", name)
		}
	}
	return nil
}

// parseCheckpoint reads a C2SP tlog-checkpoint. (tlog.ParseTree reads only the Go checksum database's own.)
func parseCheckpoint(text, origin string) (tlog.Tree, error) {
	var tree tlog.Tree
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] != origin {
		return tree, fmt.Errorf("not a checkpoint of %s", origin)
	}
	if _, err := fmt.Sscanf(lines[1], "%d", &tree.N); err != nil {
		return tree, err
	}
	root, err := tlog.ParseHash(lines[2])
	tree.Hash = root
	return tree, err
}

func checkRows(files map[string][]byte, tree tlog.Tree) error {
	if tree.N == 0 {
		return nil
	}
	hashes := tlog.TileHashReader(tree, tiles{files})
	seq, prev := int64(0), strings.Repeat("0", 64)
	for seq < tree.N {
		bundle := tlog.Tile{H: 8, L: -1, N: seq / 256, W: int(min(256, tree.N-seq))}
		data, ok := files[strings.Replace(bundle.Path(), "tile/8/data/", "tile/entries/", 1)]
		if !ok {
			return fmt.Errorf("no entry bundle for row %d", seq)
		}
		var indexes []int64
		var leaves []tlog.Hash
		for len(data) >= 2 {
			length := int(data[0])<<8 | int(data[1])
			if len(data) < 2+length {
				return fmt.Errorf("row %d is cut short", seq)
			}
			leaf, err := checkRow(data[2:2+length], seq, prev)
			if err != nil {
				return err
			}
			indexes, leaves = append(indexes, tlog.StoredHashIndex(0, seq)), append(leaves, leaf)
			data, seq, prev = data[2+length:], seq+1, hex.EncodeToString(leaf[:])
		}
		if len(data) != 0 || len(leaves) != bundle.W {
			return fmt.Errorf("the entry bundle before row %d has another number of rows", seq)
		}
		proved, err := hashes.ReadHashes(indexes) // proves the tiles up to the signed root
		if err != nil {
			return err
		}
		for i := range proved {
			if proved[i] != leaves[i] {
				return fmt.Errorf("row %d is not the one in the tree", seq-int64(len(proved)-i))
			}
		}
	}
	return nil
}

func checkRow(bytes []byte, seq int64, prev string) (tlog.Hash, error) {
	if len(bytes) == tlog.HashSize && seq > 0 {
		var left tlog.Hash // of a row that was removed, its hash is left
		copy(left[:], bytes)
		return left, nil
	}
	var row struct {
		Prev string
		Seq  int64
	}
	if err := json.Unmarshal(bytes, &row); err != nil {
		return tlog.Hash{}, fmt.Errorf("row %d: %w", seq, err)
	}
	if row.Seq != seq || row.Prev != prev {
		return tlog.Hash{}, fmt.Errorf("row %d does not follow from the one before", seq)
	}
	return tlog.RecordHash(bytes), nil
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}

// tiles gives the hash tiles of an export to tlog, which proves what it reads.
type tiles struct{ files map[string][]byte }

func (tiles) Height() int { return 8 }

func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		content, ok := t.files[path]
		if !ok {
			return nil, fmt.Errorf("no tile %s", path)
		}
		found = append(found, content)
	}
	return found, nil
}
