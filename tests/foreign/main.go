// A verifier of transparency logs and of Wardgate's exports, written from the public
// specifications alone: c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature, tlog-tiles,
// tlog-proof and tlog-policy, and RFC 6962. It shares no code with Wardgate.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
)

const usage = `verify export DIR -key VKEY... [-policy FILE]         check an export
verify ledger DIR -key VKEY... [-policy FILE] [-minimum N]  check a log directory
verify proof FILE -entry FILE -policy FILE           check a proof of one entry
verify mutate export|ledger DIR -key VKEY... [-n N] [-seed S]
                                                     change bits; each must be rejected
-keys FILE takes keys from a file, one a line
exit code: 0 accepted, 1 rejected, 2 wrong use`

var errUsage = errors.New(usage)

func main() {
	said, err := run(os.Args[1:])
	if errors.Is(err, errUsage) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if err != nil {
		fmt.Println("rejected:", err)
		os.Exit(1)
	}
	fmt.Println("accepted:", said)
}

func run(arguments []string) (string, error) {
	if len(arguments) < 2 {
		return "", errUsage
	}
	command, rest := arguments[0], arguments[1:]
	kind := command
	if command == "mutate" {
		kind, rest = rest[0], rest[1:]
	}
	if len(rest) == 0 || strings.HasPrefix(rest[0], "-") {
		return "", errUsage
	}
	target := rest[0]
	given, err := parseFlags(rest[1:])
	if err != nil {
		return "", err
	}
	verify := func(files Files) (Verdict, error) { return verifyExport(files, given.trust) }
	switch kind {
	case "proof":
		return given.proof(target)
	case "ledger":
		verify = func(files Files) (Verdict, error) { return verifyLedger(files, given.trust, given.minimum) }
	case "export":
	default:
		return "", errUsage
	}
	if command == "mutate" {
		return mutate(Directory(target), given.number, given.seed, verify)
	}
	verdict, err := verify(Directory(target))
	if err != nil {
		return "", err
	}
	return verdict.String(), nil
}

// Given is what the flags say.
type Given struct {
	trust   Trust
	entry   string
	minimum uint64
	number  int
	seed    uint64
}

func parseFlags(arguments []string) (Given, error) {
	var given Given
	var policy string
	flags := flag.NewFlagSet("verify", flag.ContinueOnError)
	flags.SetOutput(os.Stderr)
	flags.Func("key", "a verifier key; may be repeated", func(text string) error {
		key, err := parseKey(text)
		given.trust.keys = append(given.trust.keys, key)
		return err
	})
	flags.Func("keys", "a file of verifier keys, one a line", func(path string) error {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		keys, err := parseKeys(string(data))
		given.trust.keys = append(given.trust.keys, keys...)
		return err
	})
	flags.StringVar(&policy, "policy", "", "a file with a policy")
	flags.StringVar(&given.entry, "entry", "", "a file with the bytes of an entry")
	flags.Uint64Var(&given.minimum, "minimum", 0, "the minimum index of a pruned log")
	flags.IntVar(&given.number, "n", 1000, "how many bits to change, one at a time")
	flags.Uint64Var(&given.seed, "seed", 1, "the seed of the changes")
	if flags.Parse(arguments) != nil || flags.NArg() > 0 {
		return given, errUsage
	}
	if policy != "" {
		data, err := os.ReadFile(policy)
		if err != nil {
			return given, err
		}
		parsed, err := parsePolicy(string(data))
		if err != nil {
			return given, err
		}
		given.trust.policy = &parsed
	}
	if len(given.trust.keys) == 0 && given.trust.policy == nil {
		return given, errUsage
	}
	return given, nil
}

func (g Given) proof(path string) (string, error) {
	if g.entry == "" || g.trust.policy == nil {
		return "", errUsage
	}
	data, err := readFile(path, proofBytesMax)
	if err != nil {
		return "", err
	}
	entry, err := readFile(g.entry, 65535)
	if err != nil {
		return "", err
	}
	proof, err := parseProof(data)
	if err != nil {
		return "", err
	}
	if err := proof.verify(entry, *g.trust.policy); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, entry %d is in the tree of size %d", proof.checkpoint.origin, proof.index,
		proof.checkpoint.size), nil
}
