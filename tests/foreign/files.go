package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
)

// Files is a tree of files, on disk or in memory. Paths are relative, with "/" between elements.
type Files interface {
	// Read returns a whole file. A missing file gives an error for which missing() is true.
	Read(path string, limit int64) ([]byte, error)
	// List returns the paths of all files, sorted by bytes.
	List() ([]string, error)
}

// missing tells whether an error of Read means that there is no such file.
func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// Directory is a tree of files on disk. Whatever is neither a regular file nor a directory is refused.
type Directory string

func (d Directory) Read(path string, limit int64) ([]byte, error) {
	full := filepath.Join(string(d), filepath.FromSlash(path))
	info, err := os.Lstat(full)
	if err != nil {
		// A path through something that is no directory is a missing file as well.
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	return os.ReadFile(full)
}

// readFile reads one file by the path that was given.
func readFile(path string, limit int64) ([]byte, error) {
	return Directory(filepath.Dir(path)).Read(filepath.Base(path), limit)
}

func (d Directory) List() ([]string, error) {
	var paths []string
	err := filepath.WalkDir(string(d), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, err := filepath.Rel(string(d), path)
		if err != nil {
			return err
		}
		relative = filepath.ToSlash(relative)
		if !entry.Type().IsRegular() {
			return fmt.Errorf("%s is not a regular file", relative)
		}
		paths = append(paths, relative)
		return nil
	})
	sort.Strings(paths)
	return paths, err
}

// Memory is a tree of files in memory, for trying out changes.
type Memory map[string][]byte

func (m Memory) Read(path string, limit int64) ([]byte, error) {
	data, found := m[path]
	if !found {
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	return data, nil
}

func (m Memory) List() ([]string, error) {
	paths := make([]string, 0, len(m))
	for path := range m {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	return paths, nil
}

// Traced notes which files were read.
type Traced struct {
	Files
	seen map[string]bool
}

func (t Traced) Read(path string, limit int64) ([]byte, error) {
	data, err := t.Files.Read(path, limit)
	if err == nil {
		t.seen[path] = true
	}
	return data, err
}
