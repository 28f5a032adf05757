package main

import (
	"errors"
	"fmt"
	"strings"
)

// Policy says which checkpoints to accept (c2sp.org/tlog-policy).
type Policy struct {
	logs    []Key
	members map[string]Member
	quorum  string
}

// Member is a witness or a group of members.
type Member struct {
	key       *Key // of a witness
	threshold int
	names     []string // of a group
}

const quorumNone = "none"

func parsePolicy(text string) (Policy, error) {
	policy := Policy{members: map[string]Member{}}
	for _, b := range []byte(text) {
		if b == 0x7f || b < 0x20 && b != '\t' && b != '\n' {
			return policy, errors.New("the policy holds a control character")
		}
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		return policy, errors.New("the last line of the policy does not end")
	}
	grouped := map[string]bool{}
	for number, line := range strings.Split(text, "\n") {
		words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if err := policy.line(words, grouped); err != nil {
			return policy, fmt.Errorf("line %d of the policy: %w", number+1, err)
		}
	}
	if policy.quorum == "" {
		return policy, errors.New("the policy has no quorum line")
	}
	return policy, nil
}

func (p *Policy) line(words []string, grouped map[string]bool) error {
	switch words[0] {
	case "log":
		return p.log(words[1:])
	case "witness":
		return p.witness(words[1:])
	case "group":
		return p.group(words[1:], grouped)
	case "quorum":
		return p.setQuorum(words[1:])
	}
	return errors.New("it begins with none of `log`, `witness`, `group`, `quorum`")
}

func (p *Policy) log(words []string) error {
	if len(words) != 1 && len(words) != 2 {
		return errors.New("a log has a key and perhaps a URL")
	}
	key, err := parseKey(words[0])
	if err != nil {
		return err
	}
	if key.kind == typeCosignature {
		return errors.New("this type of key can not sign a log's checkpoints")
	}
	for _, other := range p.logs {
		if string(other.public) == string(key.public) {
			return errors.New("the log is there twice")
		}
	}
	p.logs = append(p.logs, key)
	return nil
}

func (p *Policy) witness(words []string) error {
	if len(words) != 2 && len(words) != 3 {
		return errors.New("a witness has a name, a key and perhaps a URL")
	}
	key, err := parseKey(words[1])
	if err != nil {
		return err
	}
	if key.kind == typeEd25519 {
		return errors.New("this type of key can not cosign")
	}
	for _, other := range p.members {
		if other.key != nil && string(other.key.public) == string(key.public) {
			return errors.New("the witness is there twice")
		}
	}
	return p.define(words[0], Member{key: &key})
}

func (p *Policy) group(words []string, grouped map[string]bool) error {
	if len(words) < 3 {
		return errors.New("a group has a name, a threshold and members")
	}
	names := words[2:]
	group := Member{names: names}
	switch words[1] {
	case "all":
		group.threshold = len(names)
	case "any":
		group.threshold = 1
	default:
		number, err := parseDecimal(words[1])
		if err != nil || number < 1 || number > uint64(len(names)) {
			return errors.New("the threshold is not between 1 and the number of members")
		}
		group.threshold = int(number)
	}
	for _, name := range names {
		if _, known := p.members[name]; !known {
			return errors.New("a member is not defined on a line before")
		}
		if grouped[name] {
			return errors.New("a member is listed twice")
		}
		grouped[name] = true
	}
	return p.define(words[0], group)
}

func (p *Policy) define(name string, member Member) error {
	if _, known := p.members[name]; known || name == quorumNone {
		return errors.New("the name is taken")
	}
	p.members[name] = member
	return nil
}

func (p *Policy) setQuorum(words []string) error {
	if len(words) != 1 || p.quorum != "" {
		return errors.New("there is one quorum line, with one name")
	}
	if _, known := p.members[words[0]]; !known && words[0] != quorumNone {
		return errors.New("the quorum is not defined on a line before")
	}
	p.quorum = words[0]
	return nil
}

// loggedBy returns the keys of the policy that signed the checkpoint as its log; it is an error
// when there is none, or when a signature by a known key does not verify.
func (p Policy) loggedBy(c Checkpoint) ([]Key, error) {
	var signers []Key
	for _, key := range p.logs {
		if key.name != c.origin {
			continue
		}
		signed, err := c.signedBy(key)
		if err != nil {
			return nil, err
		}
		if signed {
			signers = append(signers, key)
		}
	}
	if len(signers) == 0 {
		return nil, errors.New("no log of the policy signed the checkpoint")
	}
	return signers, nil
}

// witnessed tells whether the quorum cosigned the checkpoint.
func (p Policy) witnessed(c Checkpoint) (bool, error) {
	if p.quorum == quorumNone {
		return true, nil
	}
	cosigned := map[string]bool{}
	for name, member := range p.members {
		if member.key == nil {
			continue
		}
		signed, err := c.signedBy(*member.key)
		if err != nil {
			return false, err
		}
		cosigned[name] = signed
	}
	return p.holds(p.quorum, cosigned), nil
}

func (p Policy) holds(name string, cosigned map[string]bool) bool {
	member := p.members[name]
	if member.key != nil {
		return cosigned[name]
	}
	count := 0
	for _, name := range member.names {
		if p.holds(name, cosigned) {
			count++
		}
	}
	return count >= member.threshold
}
