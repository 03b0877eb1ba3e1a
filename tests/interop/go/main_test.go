package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// sample has the project write a log of so many rows.
func sample(t *testing.T, rows int) string {
	t.Helper()
	folder := t.TempDir()
	command := exec.Command("cargo", "run", "--quiet", "--package", "chain", "--example", "sample_export", "--", folder, fmt.Sprint(rows))
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("cargo: %v\n%s", err, output)
	}
	return folder
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func pinned(t *testing.T, folder string) policy {
	t.Helper()
	pinned, err := readPolicy(filepath.Join(folder, "policy.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return pinned
}

// Every export must be believed, at and around the sizes where tiles and levels begin.
func TestExportsAreBelieved(t *testing.T) {
	for _, rows := range []int{0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537, 70000, 1<<20 + 1} {
		folder := sample(t, rows)
		tree, err := verify(filepath.Join(folder, "log.audit.zip"), pinned(t, folder))
		if err != nil || tree.N != int64(rows) {
			t.Fatalf("%d rows: %v, size %d", rows, err, tree.N)
		}
		if rows > 0 {
			checkProofs(t, read(t, folder, "proofs.json"), tree, folder)
		}
	}
}

func checkProofs(t *testing.T, text []byte, tree tlog.Tree, folder string) {
	t.Helper()
	var proofs struct {
		Inclusion []struct {
			Index int64
			Proof []string
		}
		Consistency []struct {
			Size  int64
			Root  string
			Proof []string
		}
	}
	if err := json.Unmarshal(text, &proofs); err != nil {
		t.Fatal(err)
	}
	files, err := unpack(filepath.Join(folder, "log.audit.zip"))
	if err != nil {
		t.Fatal(err)
	}
	reader := tlog.TileHashReader(tree, tiles{files})
	for _, inclusion := range proofs.Inclusion {
		leaf, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, inclusion.Index)})
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckRecord(hashes(t, inclusion.Proof), tree.N, tree.Hash, inclusion.Index, leaf[0]); err != nil {
			t.Errorf("inclusion of %d in %d: %v", inclusion.Index, tree.N, err)
		}
	}
	for _, consistency := range proofs.Consistency {
		root := hashes(t, []string{consistency.Root})[0]
		if err := tlog.CheckTree(hashes(t, consistency.Proof), tree.N, tree.Hash, consistency.Size, root); err != nil {
			t.Errorf("consistency of %d with %d: %v", consistency.Size, tree.N, err)
		}
	}
}

// The proof of one row must be, byte for byte, what Go makes of the same rows with the same key.
func TestProofsOfRowsAreThoseOfGo(t *testing.T) {
	for _, rows := range []int{1, 2, 3, 257, 1000} {
		folder := sample(t, rows)
		path := filepath.Join(folder, "row.tlog-proof")
		if _, err := verifyProof(path, pinned(t, folder)); err != nil {
			t.Fatalf("%d rows: %v", rows, err)
		}
		ours := string(read(t, folder, "row.tlog-proof"))
		if expected := proofByGo(t, folder, int64(rows)); ours != expected {
			t.Fatalf("%d rows: ours is\n%s\nand Go's is\n%s", rows, ours, expected)
		}
		altered := []byte(ours)
		altered[len("c2sp.org/tlog-proof@v1\nextra ")+40] ^= 1
		if err := os.WriteFile(path, altered, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := verifyProof(path, pinned(t, folder)); err == nil {
			t.Errorf("an altered row of %d was believed", rows)
		}
	}
}

// stored keeps the hashes of a tree as Go's checksum database does.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var found []tlog.Hash
	for _, index := range indexes {
		found = append(found, s[index])
	}
	return found, nil
}

func proofByGo(t *testing.T, folder string, size int64) string {
	t.Helper()
	files, err := unpack(filepath.Join(folder, "log.audit.zip"))
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]byte
	var hashes stored
	for index := int64(0); index*256 < size; index++ {
		bundle := tlog.Tile{H: 8, L: -1, N: index, W: int(min(256, size-index*256))}
		data := files[strings.Replace(bundle.Path(), "tile/8/data/", "tile/entries/", 1)]
		for len(data) > 0 {
			length := int(data[0])<<8 | int(data[1])
			row := data[2 : 2+length]
			added, err := tlog.StoredHashes(int64(len(rows)), row, hashes)
			if err != nil {
				t.Fatal(err)
			}
			rows, hashes, data = append(rows, row), append(hashes, added...), data[2+length:]
		}
	}
	index := size / 2
	proof, err := tlog.ProveRecord(size, index, hashes)
	if err != nil {
		t.Fatal(err)
	}
	root, err := tlog.TreeHash(size, hashes)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("c2sp.org/tlog-proof@v1\nextra %s\nindex %d\n", base64.StdEncoding.EncodeToString(rows[index]), index)
	for _, hash := range proof {
		text += hash.String() + "\n"
	}
	return text + "\n" + string(signByGo(t, folder, fmt.Sprintf("%s\n%d\n%s\n", pinned(t, folder).origin, size, root)))
}

// signByGo signs with the key of the sample logs, which is no secret: 32 bytes of 42.
func signByGo(t *testing.T, folder, text string) []byte {
	t.Helper()
	verifier := pinned(t, folder).log[0]
	seed := append([]byte{1}, bytes.Repeat([]byte{42}, 32)...)
	key := fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", verifier.Name(), verifier.KeyHash(), base64.StdEncoding.EncodeToString(seed))
	signer, err := note.NewSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func hashes(t *testing.T, texts []string) []tlog.Hash {
	t.Helper()
	var hashes []tlog.Hash
	for _, text := range texts {
		hash, err := tlog.ParseHash(text)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, hash)
	}
	return hashes
}

func TestAlteredExportsAndOtherKeysAreRefused(t *testing.T) {
	folder := sample(t, 300)
	path := filepath.Join(folder, "log.audit.zip")
	stranger, err := note.NewVerifier("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
	if err != nil {
		t.Fatal(err)
	}
	keys := []note.Verifier{stranger}
	if _, err := verify(path, policy{pinned(t, folder).origin, keys, keys, nil}); err == nil {
		t.Error("another key was believed")
	}
	tree, err := verify(path, pinned(t, folder))
	if err != nil {
		t.Fatal(err)
	}
	files, err := unpack(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tile/entries/000", "tile/entries/001.p/44", "tile/0/000", "tile/1/000.p/1"} {
		good := files[name]
		altered := append([]byte(nil), good...)
		altered[len(altered)-20] ^= 1
		files[name] = altered
		if checkRows(files, tree) == nil {
			t.Errorf("an altered %s was believed", name)
		}
		files[name] = good
	}
}
