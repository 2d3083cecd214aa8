"""Bytes of real agents (1.13.9) on the server port, a writer of go-msgpack's old form, and a driver for decoders."""

from consul_sniff.decoders.base import Cursor, Opening
from consul_sniff.errors import NeedMoreData

TOKEN = "7e3c1b52-0c5e-4d43-9a38-1f3a51cbb6a1"
#: mode byte 4, a SYN, Status.RaftStats, KVS.Apply with a token
CALLER = bytes.fromhex(
    "0400010001000000010000000000000000000000010000002682a353657108ad536572766963654d6574686f64b05374617475732e5261"
    "66745374617473800000000000000001000000cb82a35365710cad536572766963654d6574686f64a94b56532e4170706c7984aa446174"
    "6163656e746572a3646331a6446972456e7487ab437265617465496e64657800a5466c61677300a34b6579ad6170702f636f6e6669672f"
    "6462a94c6f636b496e64657800ab4d6f64696679496e64657800a753657373696f6ea0a556616c7565b364622d70617373776f72643d68"
    "756e74657232a24f70a3736574a5546f6b656eda002437653363316235322d306335652d346434332d396133382d316633613531636262"
    "366131"
)

#: the ACK, answers to Status.RaftStats and KVS.Get
ANSWERER = bytes.fromhex(
    "00010002000000010000000000000000000000010000005083a54572726f72a0a353657108ad536572766963654d6574686f64b0537461"
    "7475732e52616674537461747383ab4c617374436f6e74616374a130a94c617374496e64657815a84c6173745465726d02000000000000"
    "0001000000ef83a54572726f72a0a35365710dad536572766963654d6574686f64a74b56532e47657488a74261636b656e6400b0436f6e"
    "73697374656e63794c6576656ca0a7456e74726965739187ab437265617465496e64657816a5466c61677300a34b6579ad6170702f636f"
    "6e6669672f6462a94c6f636b496e64657800ab4d6f64696679496e64657816a753657373696f6ea0a556616c7565b364622d7061737377"
    "6f72643d68756e74657232a5496e64657816ab4b6e6f776e4c6561646572c3ab4c617374436f6e7461637400ab4e6f744d6f6469666965"
    "64c2b5526573756c747346696c7465726564427941434c73c2"
)

#: mode byte 1, RequestVote
VOTE = bytes.fromhex(
    "010188a441646472af31302e37372e302e31333a38333030a943616e646964617465af31302e37372e302e31333a38333030a24944da00"
    "2439303865323464372d346562382d383163622d666430622d626562356663346435613039ac4c6173744c6f67496e64657801ab4c6173"
    "744c6f675465726d01b24c6561646572736869705472616e73666572c2af50726f746f636f6c56657273696f6e03a45465726d02"
)

#: its answer
VOTED = bytes.fromhex(
    "a086a441646472af31302e37372e302e31313a38333030a74772616e746564c3a24944da002432616638616632322d333632612d386638"
    "642d636439652d346365626165623036326239a55065657273c0af50726f746f636f6c56657273696f6e03a45465726d02"
)

#: an answer to AppendEntries
APPENDED = bytes.fromhex(
    "a087a441646472af31302e37372e302e31313a38333030a24944da002432616638616632322d333632612d386638642d636439652d3463"
    "65626165623036326239a74c6173744c6f6704ae4e6f52657472794261636b6f6666c2af50726f746f636f6c56657273696f6e03a75375"
    "6363657373c3a45465726d02"
)

#: AppendEntries with one KV entry
APPEND = bytes.fromhex(
    "0089a441646472af31302e37372e302e31333a38333030a7456e74726965739186aa417070656e6465644174af010000000ee2945b6b32"
    "77e0990000a444617461da00ae0284aa4461746163656e746572a3646331a6446972456e7487ab437265617465496e64657800a5466c61"
    "677300a34b6579ad6170702f636f6e6669672f6462a94c6f636b496e64657800ab4d6f64696679496e64657800a753657373696f6ea0a5"
    "56616c7565b364622d70617373776f72643d68756e74657232a24f70a3736574a5546f6b656eda002437653363316235322d306335652d"
    "346434332d396133382d316633613531636262366131aa457874656e73696f6e73c0a5496e64657816a45465726d02a45479706500a249"
    "44da002439303865323464372d346562382d383163622d666430622d626562356663346435613039a64c6561646572af31302e37372e30"
    "2e31333a38333030b14c6561646572436f6d6d6974496e64657815ac507265764c6f67456e74727915ab507265764c6f675465726d02af"
    "50726f746f636f6c56657273696f6e03a45465726d02"
)

#: a node's address and the sidecar service registered on it
SIDECAR = bytes.fromhex(
    "8ea741646472657373aa31302e37372e302e3231de0011a741646472657373a0a7436f6e6e65637483a64e6174697665c2a8506565724d"
    "657461c0ae5369646563617253657276696365c0ab437265617465496e64657800b1456e61626c655461674f76657272696465c2a24944"
    "b064622d736964656361722d70726f7879a44b696e64ad636f6e6e6563742d70726f7879ba4c6f63616c6c795265676973746572656441"
    "7353696465636172c3a44d657461c0ab4d6f64696679496e64657800a8506565724e616d65a0a4506f7274cd5208a550726f78798ba643"
    "6f6e666967c0b444657374696e6174696f6e536572766963654944a26462b644657374696e6174696f6e536572766963654e616d65a264"
    "62a64578706f736582a6436865636b73c2a55061746873c0b34c6f63616c5365727669636541646472657373a93132372e302e302e31b0"
    "4c6f63616c53657276696365506f7274cd1538b64c6f63616c53657276696365536f636b657450617468a0ab4d65736847617465776179"
    "81a44d6f6465a0a44d6f6465a0b05472616e73706172656e7450726f787982ae4469616c65644469726563746c79c2b44f7574626f756e"
    "644c697374656e6572506f727400a9557073747265616d73c0a753657276696365b064622d736964656361722d70726f7879aa536f636b"
    "657450617468a0af54616767656441646472657373657380a454616773c0a75765696768747382a750617373696e6701a75761726e696e"
    "6701ae536b69704e6f6465557064617465c3af54616767656441646472657373657384a86c616e5f69707634aa31302e37372e302e3231"
    "a377616eaa31302e37372e302e3231a877616e5f69707634aa31302e37372e302e3231a36c616eaa31302e37372e302e3231a5546f6b65"
    "6ea0"
)

#: mode byte 5 and the request
SNAPSHOT = bytes.fromhex(
    "0584aa416c6c6f775374616c65c2aa4461746163656e746572a3646331a24f7000a5546f6b656ea0"
)

#: the answer up to the archive
SNAPSHOT_HEAD = bytes.fromhex(
    "88a74261636b656e6400b0436f6e73697374656e63794c6576656ca0a54572726f72a0a5496e6465781aab4b6e6f776e4c6561646572c3"
    "ab4c617374436f6e7461637400ab4e6f744d6f646966696564c2b5526573756c747346696c7465726564427941434c73c2"
)


class Raw(bytes):
    """msgpack that is written already."""


def pack(value):
    """msgpack as go-msgpack's old form writes it: raw16 for byte strings of 32 and more; maps in the order given."""
    if isinstance(value, Raw):
        return bytes(value)
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return bytes([value]) if value < 128 else b"\xcd" + value.to_bytes(2, "big") if value < 65536 else b"\xcf" + value.to_bytes(8, "big")
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return (bytes([0xA0 | len(value)]) if len(value) < 32 else b"\xda" + len(value).to_bytes(2, "big")) + value
    items = [item for pair in value.items() for item in pair] if isinstance(value, dict) else value
    count = len(value)
    short, long = (0x80, b"\xde") if isinstance(value, dict) else (0x90, b"\xdc")
    head = bytes([short | count]) if count < 16 else long + count.to_bytes(2, "big")
    return head + b"".join(pack(item) for item in items)


def call(method, body, seq=1):
    return pack({"Seq": seq, "ServiceMethod": method}) + pack(body)


def answer(method, body, error="", seq=1):
    return pack({"Error": error, "Seq": seq, "ServiceMethod": method}) + pack(body)


def frame(stream, body, flags=0):
    return bytes([0, 0]) + flags.to_bytes(2, "big") + stream.to_bytes(4, "big") + len(body).to_bytes(4, "big") + body


def opening(first=b"", second=b"", *, began=True, opener=0):
    return Opening((first, second), (began, began), opener)


def drive(decoder, parts, *, split=0, close=True):
    """Feed ``(side, bytes)`` as the session does, in pieces of ``split``; (side, message) of all that is told."""
    waiting, want, told = [b"", b""], [0, 0], []
    for side, data in parts:
        step = split or max(len(data), 1)
        for start in range(0, len(data), step):
            waiting[side] += data[start:start + step]
            for turn in (side, 1 - side):
                decoder = _turn(decoder, turn, waiting, want, told)
    if close:
        messages = decoder.close()
        told += [(decoder.closed_sides[i], message) for i, message in enumerate(messages)]
    return told


def _turn(decoder, side, waiting, want, told):
    while len(waiting[side]) > 0 and len(waiting[side]) >= want[side]:
        cursor = Cursor(waiting[side])
        try:
            messages = decoder.read(side, cursor)
        except NeedMoreData as more:
            want[side] = len(waiting[side]) + more.missing
            break
        assert cursor.position > 0
        waiting[side], want[side] = waiting[side][cursor.position:], 0
        told += [(side, message) for message in messages]
        if decoder.successor is not None:
            decoder = decoder.successor
    return decoder


def kinds(told):
    return [message.kind for _, message in told]


def secrets(told):
    return [secret for _, message in told for secret in message.secrets]


def claims(told):
    return [claim for _, message in told for claim in message.claims]
