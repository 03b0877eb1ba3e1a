package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// ecdsaVerifier is a key of the kind 0x02 of C2SP signed-note: Go's note package knows Ed25519 alone and takes others through its interface.
type ecdsaVerifier struct {
	name string
	der  []byte
	key  *ecdsa.PublicKey
}

func newECDSAVerifier(text string) (note.Verifier, error) {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 {
		return nil, fmt.Errorf("not a verifier key: %q", text)
	}
	bytes, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(bytes) == 0 || bytes[0] != 2 {
		return nil, fmt.Errorf("not an ECDSA verifier key: %q", text)
	}
	key, err := x509.ParsePKIXPublicKey(bytes[1:])
	if err != nil {
		return nil, err
	}
	ecdsaKey, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("not an ECDSA key: %T", key)
	}
	verifier := ecdsaVerifier{parts[0], bytes[1:], ecdsaKey}
	if parts[1] != fmt.Sprintf("%08x", verifier.KeyHash()) {
		return nil, fmt.Errorf("the key is not %s", parts[1])
	}
	return verifier, nil
}

func (v ecdsaVerifier) Name() string { return v.name }

func (v ecdsaVerifier) KeyHash() uint32 {
	hash := sha256.Sum256(v.der)
	return binary.BigEndian.Uint32(hash[:4])
}

func (v ecdsaVerifier) Verify(text, signature []byte) bool {
	digest := sha256.Sum256(text)
	return ecdsa.VerifyASN1(v.key, digest[:], signature)
}

// checkDirectory checks that the checkpoint is a row of the directory of logs, whose head a pinned key signed.
func checkDirectory(proof, checkpoint []byte, keys []note.Verifier) error {
	row, index, hashes, signed, err := splitProof(string(proof))
	if err != nil {
		return err
	}
	text, _, _ := bytes.Cut(checkpoint, []byte("\n\n"))
	if row, _, _ := bytes.Cut(row, []byte("\n\n")); !bytes.Equal(row, text) {
		return fmt.Errorf("the directory's row is another checkpoint")
	}
	head, err := note.Open([]byte(signed), note.VerifierList(keys...))
	if err != nil {
		return fmt.Errorf("the directory's head: %w", err)
	}
	tree, err := parseCheckpoint(head.Text, head.Sigs[0].Name)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(hashes, tree.N, tree.Hash, index, tlog.RecordHash(row))
}
