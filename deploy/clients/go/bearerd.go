// Package bearerd asks bearerd whether a token may be trusted. One file to copy; standard library only (Go 1.19 or
// later).
//
//	daemon := bearerd.New("", 2*time.Second)      // one for the program: any number of goroutines may share it
//	verdict := daemon.Verify(ctx, request.Header.Get("Authorization"), bearerd.Members{"scope": "orders:read"})
//	if verdict.OK { use(verdict.Claims["iss"], verdict.Claims["sub"]) }     // who somebody is: both together
//	else { answer(verdict.Status, verdict.WWWAuthenticate) }                // 401, 403, or 503: nobody can tell now
//
// Everything that is not plainly a yes is a no. Members: every one of a verify request, such as "max_age": 300 or
// "policy": "admin". Numbers in claims are json.Number, so that 64-bit integers stay whole. guard.go beside it guards
// handlers of net/http.
package bearerd

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// Members are further members of a request.
type Members map[string]any

// Verdict is what bearerd said. Trust Claims only if OK.
type Verdict struct {
	OK              bool           `json:"-"`
	Status          int            `json:"status"`           // the HTTP status to answer with
	Claims          map[string]any `json:"-"`                // the token's claims, or what introspection tells of it
	Issuer          string         `json:"-"`                // the issuer's short name
	Stale           bool           `json:"-"`                // the keys could not be refreshed for a while
	Code            string         `json:"code"`             // see "Codes" in protocol.md
	WWWAuthenticate string         `json:"www_authenticate"` // the header's value to send, or ""
	RetryAfter      time.Duration  `json:"retry_after_ms"`   // when asking again is worth while; 0 if that is not known
}

const maximumReply = 1 << 20

var noVerdict = Verdict{Status: 503, Code: "unavailable"}

// Client asks one daemon, over a small pool of connections.
type Client struct {
	path    string
	timeout time.Duration
	number  atomic.Uint64
	idle    chan net.Conn
}

// New makes a client. path: the socket; "" means $BEARERD_SOCKET, else the usual place. timeout: of a whole exchange.
func New(path string, timeout time.Duration) *Client {
	for _, usual := range []string{os.Getenv("BEARERD_SOCKET"), "/run/bearerd/bearerd.sock"} {
		if path == "" {
			path = usual
		}
	}
	return &Client{path: path, timeout: timeout, idle: make(chan net.Conn, 8)}
}

// Verify judges the value of an Authorization header ("" if there is none). When ctx ends, so does the exchange.
func (client *Client) Verify(ctx context.Context, authorization string, members Members) Verdict {
	return client.ask(ctx, "verify", "claims", authorization, members)
}

// Introspect tells of a token what RFC 7662 section 2.2 names.
func (client *Client) Introspect(ctx context.Context, authorization string, members Members) Verdict {
	return client.ask(ctx, "introspect", "introspection", authorization, members)
}

func (client *Client) ask(ctx context.Context, op, member, authorization string, members Members) Verdict {
	ctx, cancel := context.WithTimeout(ctx, client.timeout)
	defer cancel()
	id, _ := json.Marshal(client.number.Add(1))
	request := Members{}
	for name, value := range members {
		request[name] = value
	}
	request["id"], request["op"], request["authorization"] = json.RawMessage(id), op, authorization
	var line bytes.Buffer
	if json.NewEncoder(&line).Encode(request) != nil {
		return noVerdict
	}
	select {
	case connection := <-client.idle:
		// If it was closed, as by a restart, asking once more does no harm.
		if verdict, isAnswered := client.exchange(ctx, connection, line.Bytes(), id, member); isAnswered {
			return verdict
		}
	default:
	}
	connection, err := new(net.Dialer).DialContext(ctx, "unix", client.path)
	// A full backlog (EAGAIN) counts as a timeout, and cannot be waited for.
	for ; os.IsTimeout(err) && ctx.Err() == nil; connection, err = new(net.Dialer).DialContext(ctx, "unix", client.path) {
		time.Sleep(5 * time.Millisecond)
	}
	if err != nil {
		return noVerdict
	}
	verdict, _ := client.exchange(ctx, connection, line.Bytes(), id, member)
	return verdict
}

// exchange keeps a connection that brought the reply to this request and nothing else, and closes any other. It tells as
// well whether there was a byte of a reply.
func (client *Client) exchange(ctx context.Context, connection net.Conn, line, id []byte, member string) (Verdict, bool) {
	replies := make(chan []byte, 1)
	go func() {
		reply, chunk := []byte{}, make([]byte, 4096)
		count, err := connection.Write(line)
		for err == nil && bytes.IndexByte(reply, '\n') < 0 && len(reply) <= maximumReply {
			count, err = connection.Read(chunk)
			reply = append(reply, chunk[:count]...)
		}
		replies <- reply
	}()
	var reply []byte
	select {
	case reply = <-replies:
	case <-ctx.Done(): // the connection is closed below, and that ends its goroutine
	}
	verdict, isClean := read(reply, id, member)
	if isClean {
		select {
		case client.idle <- connection:
			return verdict, true
		default:
		}
	}
	connection.Close()
	return verdict, len(reply) > 0
}

// read tells as well whether the reply to this request came, whole, and nothing else.
func read(reply, id []byte, member string) (verdict Verdict, isClean bool) {
	line, surplus, isWhole := bytes.Cut(reply, []byte("\n"))
	var members map[string]json.RawMessage
	// encoding/json would put U+FFFD in the place of what is no UTF-8.
	if !isWhole || !utf8.Valid(line) || json.Unmarshal(line, &members) != nil || !bytes.Equal(members["id"], id) {
		return noVerdict, false
	}
	decoder := json.NewDecoder(bytes.NewReader(members[member]))
	decoder.UseNumber()
	switch ok := string(members["ok"]); {
	case ok == "true" && decoder.Decode(&verdict.Claims) == nil && verdict.Claims != nil:
		json.Unmarshal(members["issuer"], &verdict.Issuer)
		verdict.OK, verdict.Status, verdict.Stale = true, 200, string(members["stale"]) == "true"
	case ok == "false" && json.Unmarshal(members["error"], &verdict) == nil && verdict.Status >= 400 && verdict.Status <= 599:
		verdict.RetryAfter *= time.Millisecond
		// Nothing that could end a header's line.
		if bytes.IndexFunc([]byte(verdict.WWWAuthenticate), func(r rune) bool { return r < ' ' || r > '~' }) >= 0 {
			verdict.WWWAuthenticate = ""
		}
	default:
		return noVerdict, false
	}
	// Bytes that nobody asked for make the connection worthless, not the reply.
	return verdict, len(surplus) == 0
}
