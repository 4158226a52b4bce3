// Package bearerd asks bearerd whether a token may be trusted. One file to copy; standard library only (Go 1.19 or later).
//
//	daemon := bearerd.New("", 2*time.Second)      // one for the program: any number of goroutines may share it
//	verdict := daemon.Verify(ctx, request.Header.Get("Authorization"), bearerd.Members{"scope": "orders:read"})
//	if verdict.OK { use(verdict.Claims["iss"], verdict.Claims["sub"]) }     // who somebody is: both together
//	else { answer(verdict.Status, verdict.WWWAuthenticate) }                // 401, 403, or 503: nobody can tell now
//
// Everything that is not plainly a yes is a no. Members: every one of a verify request, such as "max_age": 300 or
// "policy": "admin". Numbers in claims are json.Number, so that 64-bit integers stay whole.
package bearerd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unicode/utf8"
)

// Members are further members of a request.
type Members map[string]any

// Verdict is what bearerd said. Trust Claims only if OK.
type Verdict struct {
	OK              bool
	Status          int            // the HTTP status to answer with
	Claims          map[string]any // the token's claims, or what introspection tells of it
	Issuer          string         // the issuer's short name
	Stale           bool           // the keys could not be refreshed for a while
	Code            string         // see "Codes" in protocol.md
	WWWAuthenticate string         // the header's value to send, or ""
	RetryAfter      time.Duration  // when asking again is worth while; 0 if that is not known
}

const maximumReply = 1 << 20

// errClosed: the connection was closed before a byte of the reply, as by a restart.
var errClosed = errors.New("the daemon closed the connection")

// Client asks one daemon, over a small pool of connections.
type Client struct {
	path    string
	timeout time.Duration
	number  atomic.Uint64
	idle    chan net.Conn
}

// New makes a client. path: the socket; "" means $BEARERD_SOCKET, else the usual place. timeout bounds a whole exchange.
func New(path string, timeout time.Duration) *Client {
	if path == "" {
		path = os.Getenv("BEARERD_SOCKET")
	}
	if path == "" {
		path = "/run/bearerd/bearerd.sock"
	}
	return &Client{path: path, timeout: timeout, idle: make(chan net.Conn, 8)}
}

// Verify judges the value of an Authorization header ("" if there is none).
func (client *Client) Verify(ctx context.Context, authorization string, members Members) Verdict {
	return client.ask(ctx, "verify", "claims", authorization, members)
}

// Introspect tells of a token what RFC 7662 section 2.2 names.
func (client *Client) Introspect(ctx context.Context, authorization string, members Members) Verdict {
	return client.ask(ctx, "introspect", "introspection", authorization, members)
}

func (client *Client) ask(ctx context.Context, op, member, authorization string, members Members) Verdict {
	id := fmt.Sprintf("%d.%d", os.Getpid(), client.number.Add(1))
	request := map[string]any{}
	for name, value := range members {
		request[name] = value
	}
	request["id"], request["op"], request["authorization"] = id, op, authorization
	if line, err := json.Marshal(request); err == nil {
		if verdict, err := client.exchange(ctx, append(line, '\n'), id, member); err == nil {
			return verdict
		}
	}
	return Verdict{Status: http.StatusServiceUnavailable, Code: "unavailable"}
}

// exchange sends one line and reads one; a connection is kept only after the reply to its request.
func (client *Client) exchange(ctx context.Context, line []byte, id, member string) (Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, client.timeout)
	defer cancel()
	var connection net.Conn
	var err error
	isKept := true
	select {
	case connection = <-client.idle:
	default:
		isKept = false
		if connection, err = client.dial(ctx); err != nil {
			return Verdict{}, err
		}
	}
	reply, surplus, err := converse(ctx, connection, line)
	if errors.Is(err, errClosed) && isKept {
		// A restart closed the kept connection; asking once more does no harm.
		connection.Close()
		if connection, err = client.dial(ctx); err != nil {
			return Verdict{}, err
		}
		reply, surplus, err = converse(ctx, connection, line)
	}
	var verdict Verdict
	if err == nil {
		verdict, err = read(reply, id, member)
	}
	// Bytes that nobody asked for make the connection worthless, not the reply.
	if err == nil && !surplus {
		select {
		case client.idle <- connection:
			return verdict, nil
		default:
		}
	}
	connection.Close()
	return verdict, err
}

func (client *Client) dial(ctx context.Context) (net.Conn, error) {
	for {
		connection, err := new(net.Dialer).DialContext(ctx, "unix", client.path)
		// A full backlog says EAGAIN and cannot be waited for.
		if err == nil || !errors.Is(err, syscall.EAGAIN) {
			return connection, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func converse(ctx context.Context, connection net.Conn, line []byte) (reply []byte, surplus bool, err error) {
	deadline, _ := ctx.Deadline()
	connection.SetDeadline(deadline)
	// Who gives up waiting, by the context, ends the exchange and with it the connection.
	answered, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-ctx.Done():
			connection.SetDeadline(time.Unix(1, 0))
		case <-answered:
		}
	}()
	// Not before the watch has ended may anybody else have the connection.
	defer func() { close(answered); <-watched }()
	if _, err := connection.Write(line); err != nil {
		return nil, false, closedOr(err, nil)
	}
	chunk := make([]byte, 16384)
	for len(reply) <= maximumReply {
		count, err := connection.Read(chunk)
		reply = append(reply, chunk[:count]...)
		if end := bytes.IndexByte(reply, '\n'); end >= 0 {
			return reply[:end], end+1 < len(reply), nil
		}
		if err != nil {
			return nil, false, closedOr(err, reply)
		}
	}
	return nil, false, errors.New("the reply is too long")
}

func closedOr(err error, reply []byte) error {
	isClosed := errors.Is(err, io.EOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
	if isClosed && len(reply) == 0 {
		return errClosed
	}
	return err
}

func read(line []byte, id, member string) (Verdict, error) {
	var reply map[string]json.RawMessage
	// encoding/json would put U+FFFD in the place of what is no UTF-8.
	if !utf8.Valid(line) || json.Unmarshal(line, &reply) != nil || value[string](reply["id"]) != id {
		return Verdict{}, errors.New("not the reply to this request")
	}
	ok := string(bytes.TrimSpace(reply["ok"]))
	if claims := value[map[string]any](reply[member]); ok == "true" && claims != nil {
		return Verdict{OK: true, Status: http.StatusOK, Claims: claims, Issuer: value[string](reply["issuer"]),
			Stale: value[bool](reply["stale"])}, nil
	}
	fault := value[map[string]json.RawMessage](reply["error"])
	status := value[int](fault["status"])
	if ok != "false" || status < 400 || status > 599 {
		return Verdict{}, errors.New("no verdict")
	}
	challenge := value[string](fault["www_authenticate"])
	// Nothing that could end a header's line.
	if strings.IndexFunc(challenge, func(r rune) bool { return r < 0x20 || r > 0x7e }) >= 0 {
		challenge = ""
	}
	return Verdict{Status: status, Code: value[string](fault["code"]), WWWAuthenticate: challenge,
		RetryAfter: time.Duration(value[int64](fault["retry_after_ms"])) * time.Millisecond}, nil
}

// value reads JSON of exactly this type; anything else gives the type's zero.
func value[T any](text json.RawMessage) (result T) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if text == nil || decoder.Decode(&result) != nil {
		var none T
		return none
	}
	return result
}

type claimsKey struct{}

// Guard lets a request through only with a good token; the handler finds its claims with ClaimsOf.
//
//	mux.Handle("/orders", daemon.Guard(bearerd.Members{"scope": "orders:read"}, orders))
//	mux.Handle("/delete", daemon.Guard(bearerd.Members{"max_age": 300}, remove)) // a login in the last five minutes (RFC 9470)
func (client *Client) Guard(members Members, next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		// A field that is sent twice is one list (RFC 9110 section 5.3).
		verdict := client.Verify(request.Context(), strings.Join(request.Header.Values("Authorization"), ", "), members)
		if verdict.OK {
			next.ServeHTTP(writer, request.WithContext(context.WithValue(request.Context(), claimsKey{}, verdict.Claims)))
			return
		}
		header := writer.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("Content-Type", "application/json")
		if verdict.WWWAuthenticate != "" {
			header.Set("WWW-Authenticate", verdict.WWWAuthenticate)
		}
		if verdict.RetryAfter > 0 {
			header.Set("Retry-After", fmt.Sprint(int64((verdict.RetryAfter+time.Second-1)/time.Second)))
		}
		writer.WriteHeader(verdict.Status)
		json.NewEncoder(writer).Encode(map[string]string{"error": verdict.Code})
	})
}

// ClaimsOf gives the claims of the token that Guard let through; nil outside of it.
func ClaimsOf(ctx context.Context) map[string]any {
	claims, _ := ctx.Value(claimsKey{}).(map[string]any)
	return claims
}
