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
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
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
	request := Members{}
	for name, value := range members {
		request[name] = value
	}
	request["id"], request["op"], request["authorization"] = id, op, authorization
	line, err := json.Marshal(request)
	if err != nil {
		return noVerdict
	}
	ctx, cancel := context.WithTimeout(ctx, client.timeout)
	defer cancel()
	return client.exchange(ctx, append(line, '\n'), id, member)
}

func (client *Client) exchange(ctx context.Context, line []byte, id, member string) Verdict {
	select {
	case connection := <-client.idle:
		if verdict, wasClosed := client.converse(ctx, connection, line, id, member); !wasClosed {
			return verdict
		}
		// As by a restart; asking once more does no harm.
	default:
	}
	connection, err := client.dial(ctx)
	if err != nil {
		return noVerdict
	}
	verdict, _ := client.converse(ctx, connection, line, id, member)
	return verdict
}

func (client *Client) dial(ctx context.Context) (net.Conn, error) {
	for {
		connection, err := new(net.Dialer).DialContext(ctx, "unix", client.path)
		// A full backlog says EAGAIN and cannot be waited for.
		if !errors.Is(err, syscall.EAGAIN) {
			return connection, err
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// converse sends a line and reads one. It takes over the connection, which is kept only after the reply to the request,
// and tells whether it was closed before a byte of the reply.
func (client *Client) converse(
	ctx context.Context, connection net.Conn, line []byte, id, member string,
) (Verdict, bool) {
	connection.SetDeadline(time.Time{})
	ctx, end := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		<-ctx.Done() // the time is up, or the caller has given up, or this exchange is over
		connection.SetDeadline(time.Unix(1, 0))
		close(ended)
	}()
	reader := bufio.NewReader(io.LimitReader(connection, maximumReply))
	verdict, reply := noVerdict, []byte{}
	_, err := connection.Write(line)
	if err == nil {
		reply, err = reader.ReadBytes('\n')
	}
	end()
	<-ended
	if err == nil {
		verdict, err = read(reply, id, member)
	}
	// Bytes that nobody asked for make the connection worthless, not the reply.
	if err == nil && reader.Buffered() == 0 {
		select {
		case client.idle <- connection:
			return verdict, false
		default:
		}
	}
	connection.Close()
	isEnd := errors.Is(err, io.EOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
	return verdict, isEnd && len(reply) == 0
}

// read gives an error for whatever is no reply to this request.
func read(line []byte, id, member string) (Verdict, error) {
	var reply map[string]any
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	// encoding/json would put U+FFFD in the place of what is no UTF-8, and a decoder reads the first of several values.
	if !utf8.Valid(line) || !json.Valid(line) || decoder.Decode(&reply) != nil || reply["id"] != id {
		return noVerdict, errors.New("not the reply to this request")
	}
	if claims, isObject := reply[member].(map[string]any); isObject && reply["ok"] == true {
		issuer, _ := reply["issuer"].(string)
		return Verdict{OK: true, Status: 200, Claims: claims, Issuer: issuer, Stale: reply["stale"] == true}, nil
	}
	fault, _ := reply["error"].(map[string]any)
	number, _ := fault["status"].(json.Number)
	status, err := strconv.Atoi(number.String())
	if reply["ok"] != false || err != nil || status < 400 || status > 599 {
		return noVerdict, errors.New("no verdict")
	}
	code, _ := fault["code"].(string)
	challenge, _ := fault["www_authenticate"].(string)
	// Nothing that could end a header's line.
	if strings.IndexFunc(challenge, func(r rune) bool { return r < 0x20 || r > 0x7e }) >= 0 {
		challenge = ""
	}
	wait, _ := fault["retry_after_ms"].(json.Number)
	milliseconds, _ := wait.Int64()
	return Verdict{Status: status, Code: code, WWWAuthenticate: challenge,
		RetryAfter: time.Duration(milliseconds) * time.Millisecond}, nil
}
