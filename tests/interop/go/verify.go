// Verifies a transparency log with golang.org/x/mod/sumdb, the code behind Go's own checksum database.
//
//	verify FOLDER
//
// FOLDER holds "vkey", "old" and "new" (checkpoint notes), "entry", "index", and the log's tiles below "tile/".
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// folder serves tiles from disk, in the C2SP layout: without the height that Go's own layout begins with.
type folder string

func (f folder) Height() int { return height }

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func read(root, name string) []byte {
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		log.Fatal(err)
	}
	return data
}

// open verifies a checkpoint's signature and reads its first three lines.
func open(data []byte, key string) tlog.Tree {
	verifier, err := note.NewVerifier(strings.TrimSpace(key))
	if err != nil {
		log.Fatal("vkey: ", err)
	}
	signed, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		log.Fatal("note: ", err)
	}
	lines := strings.Split(signed.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		log.Fatal("size: ", err)
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		log.Fatal("root: ", err)
	}
	return tlog.Tree{N: size, Hash: root}
}

func main() {
	root := os.Args[1]
	key := string(read(root, "vkey"))
	before, now := open(read(root, "old"), key), open(read(root, "new"), key)

	// TileHashReader checks every tile that it reads against the signed root.
	reader := tlog.TileHashReader(now, folder(root))
	computed, err := tlog.TreeHash(now.N, reader)
	if err != nil || computed != now.Hash {
		log.Fatal("root of the tiles: ", err)
	}
	index, err := strconv.ParseInt(string(read(root, "index")), 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	leaf := tlog.RecordHash(read(root, "entry"))
	proof, err := tlog.ProveRecord(now.N, index, reader)
	if err != nil {
		log.Fatal("inclusion: ", err)
	}
	if err := tlog.CheckRecord(proof, now.N, now.Hash, index, leaf); err != nil {
		log.Fatal("inclusion: ", err)
	}
	// Our own inclusion path has to be the very same one.
	if !bytes.Equal(flat(proof), read(root, "path")) {
		log.Fatal("the inclusion paths differ")
	}
	tree, err := tlog.ProveTree(now.N, before.N, reader)
	if err != nil {
		log.Fatal("consistency: ", err)
	}
	if err := tlog.CheckTree(tree, now.N, now.Hash, before.N, before.Hash); err != nil {
		log.Fatal("consistency: ", err)
	}
	if !bytes.Equal(flat(tlog.RecordProof(tree)), read(root, "consistency")) {
		log.Fatal("the consistency paths differ")
	}
	checkBundles(root, now)
	fmt.Printf("%d entries, index %d, from %d\n", now.N, index, before.N)
}

// checkBundles hashes every entry and recomputes the root from nothing else.
func checkBundles(root string, now tlog.Tree) {
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, index := range indexes {
			found = append(found, hashes[index])
		}
		return found, nil
	})
	for n := int64(0); n < now.N; {
		bundle := read(root, fmt.Sprintf("bundle/%d", n/256))
		for len(bundle) > 0 {
			length := int(binary.BigEndian.Uint16(bundle))
			stored, err := tlog.StoredHashes(n, bundle[2:2+length], reader)
			if err != nil {
				log.Fatal("bundle: ", err)
			}
			hashes = append(hashes, stored...)
			bundle = bundle[2+length:]
			n++
		}
	}
	computed, err := tlog.TreeHash(now.N, reader)
	if err != nil || computed != now.Hash {
		log.Fatal("root of the entries: ", err)
	}
}

func flat(hashes []tlog.Hash) []byte {
	var data []byte
	for _, hash := range hashes {
		data = append(data, hash[:]...)
	}
	return data
}
