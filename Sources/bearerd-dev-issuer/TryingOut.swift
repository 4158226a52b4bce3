/// What `run` prints: four tokens, and lines to paste that ask about them.
struct TryingOut {
  let issuer: String
  let socket: String
  let keys: String
  let good: String
  let expired: String
  let misdirected: String
  let opaque: String

  var text: String {
    """
    FOR DEVELOPMENT ONLY. Whoever can read \(keys) can mint tokens that this daemon accepts.

    issuer  \(issuer)
    socket  \(socket)
    Ctrl-C ends both and removes everything.

    Paste into another terminal:

    export BEARERD_SOCKET=\(socket)
    GOOD=\(good)
    EXPIRED=\(expired)
    OTHER_AUDIENCE=\(misdirected)
    OPAQUE=\(opaque)

    # Shell
    for token in $GOOD $EXPIRED $OTHER_AUDIENCE; do
      printf '{"op":"verify","token":"%s"}\\n' $token | socat -t 10 - UNIX-CONNECT:$BEARERD_SOCKET
    done

    # Python
    python3 - $GOOD <<'END'
    from json import dumps, loads
    from os import environ
    from socket import AF_UNIX, socket
    from sys import argv
    with socket(AF_UNIX) as bearerd:
        bearerd.settimeout(2)
        bearerd.connect(environ["BEARERD_SOCKET"])
        bearerd.sendall(dumps({"op": "verify", "token": argv[1]}).encode() + b"\\n")
        reply = loads(bearerd.makefile("rb").readline())
    print(reply["claims"]["sub"] if reply.get("ok") is True else reply["error"]["message"])
    END

    # JavaScript
    node - $GOOD <<'END'
    const bearerd = require("node:net").connect(process.env.BEARERD_SOCKET);
    let text = "";
    bearerd.setTimeout(2000, () => bearerd.destroy(new Error("no reply")));
    bearerd.on("data", (bytes) => { text += bytes; if (text.endsWith("\\n")) bearerd.end(); });
    bearerd.on("end", () => { const reply = JSON.parse(text); console.log(reply.ok === true ? reply.claims.sub : reply.error.message); });
    bearerd.write(JSON.stringify({ op: "verify", token: process.argv[2] }) + "\\n");
    END

    # An opaque token, good and then revoked
    bearerd verify $OPAQUE; bearerd-dev-issuer revoke --keys \(keys) $OPAQUE; sleep 1; bearerd verify $OPAQUE

    # Any other token
    bearerd-dev-issuer mint --keys \(keys) --audience \(RunCommand.audience) --scope \(RunCommand.scope) | bearerd verify -
    """
  }
}
