"""A receiver of rowhook's webhooks, complete, with nothing but Python 3.9 or newer:

    WEBHOOK_PATH=/hook/a-long-secret PORT=8080 python3 examples/receiver.py

It stores what came, answers, and works afterwards. What was answered with 204 is neither lost nor done twice, also when the process
is killed: a change waits in `inbox` until the transaction that does its work takes it out.
"""

import hmac
import json
import os
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# There is no signature: whoever knows the path is let in, so it holds a secret, and the webhook's URL is https.
SECRET_PATH = os.environ.get("WEBHOOK_PATH", "/hook/change-me")
KEY_COLUMNS = os.environ.get("KEY_COLUMNS", "id").split(",")
DATABASE = os.environ.get("RECEIVER_DATABASE", "receiver.sqlite")
# No payload of rowhook is larger.
MAX_BYTES = 16 * 1024 * 1024

TABLES = """
create table if not exists inbox (n integer primary key autoincrement, body text not null, is_resend integer not null);
create table if not exists copy (table_name text, key text, record text, last_body text not null, primary key (table_name, key));
create table if not exists history (n integer primary key autoincrement, type text, table_name text, key text, record text);
"""


def connect():
    db = sqlite3.connect(DATABASE, timeout=60, isolation_level=None, check_same_thread=False)
    db.execute("pragma journal_mode = wal")
    db.execute("pragma synchronous = full")
    return db


def parse(body):
    """Numbers that do not fit a float or an integer of 64 bits become strings with all their digits."""

    def whole(digits):
        return int(digits) if len(digits) < 18 else digits

    return json.loads(body, parse_int=whole, parse_float=str)


def key_of(row):
    """None: the row does not have the key columns."""
    if not row or any(column not in row for column in KEY_COLUMNS):
        return None
    return json.dumps([row[column] for column in KEY_COLUMNS], ensure_ascii=False, separators=(",", ":"))


def work(db, change, body, is_resend):
    """What the webhook is for. Here: the copy of the row, and a line of its history, in the same transaction as the inbox.

    False: there was nothing to do.
    """
    kind, table, record, old = change["type"], change["table"], change["record"], change.get("old")
    if kind == "TRUNCATE":
        db.execute("delete from copy where table_name = ?", (table,))
        db.execute("insert into history (type, table_name) values (?, ?)", (kind, table))
        return True

    def find(key):
        found = db.execute("select record, last_body from copy where table_name = ? and key = ?", (table, key)).fetchone()
        return found or (None, None)

    def save(key, after):
        db.execute("insert or replace into copy values (?, ?, ?, ?)", (table, key, after, body))

    key, old_key = key_of(record), key_of(old)
    known, _ = find(old_key or key)
    before = json.loads(known) if known else None

    # The payload has no id of its change. But whoever repeats a request (a proxy, for one) repeats the record's last: rowhook sends its
    # next one only after the answer. The same once more leads to where the record is already.
    if find(key)[1] == body:
        return False
    # Somebody has it sent again, and it may be old by now: it is good for a copy that is where this change began. With `old` null it is
    # the row as it is now.
    is_current = kind == "UPDATE" and old is None
    if is_resend and not is_current and before != old:
        return False

    # A large value that did not change is left out: keep the one that is here.
    kept = {name: before[name] for name in change.get("unchanged", []) if before and name in before}
    if old_key not in (None, key):
        save(old_key, None)
    save(key, None if kind == "DELETE" else json.dumps({**kept, **record}))
    note = (kind, table, key, json.dumps(record))
    db.execute("insert into history (type, table_name, key, record) values (?, ?, ?, ?)", note)
    return True


def tell(change, is_done):
    """A line for each change; what is printed is no part of the work, and is not done again when the process is killed here."""
    key = "" if change["type"] == "TRUNCATE" else " " + key_of(change["record"])
    print(change["type"], change["table"] + key + ("" if is_done else " (nothing to do)"), flush=True)


def work_off(arrived):
    """One change after the other, in the order in which they came, which is the right one for each record."""
    db = connect()
    while True:
        arrived.clear()
        row = db.execute("select n, body, is_resend from inbox order by n limit 1").fetchone()
        if row is None:
            arrived.wait()
            continue
        n, body, is_resend = row
        db.execute("begin immediate")
        try:
            change = parse(body)
            is_done = work(db, change, body, bool(is_resend))
            db.execute("delete from inbox where n = ?", (n,))
            db.execute("commit")
        except BaseException:
            db.execute("rollback")
            raise
        tell(change, is_done)


class Receiver(BaseHTTPRequestHandler):
    # Keeps connections; longer than rowhook keeps one idle (3.5 s), so that it is never closed here while a request is on its way.
    protocol_version = "HTTP/1.1"
    timeout = 75

    def do_POST(self):
        self.answer(self.receive())

    def receive(self):
        """The status to answer with; once it is 204, what came is on the disk."""
        length = int(self.headers.get("content-length") or -1)
        if not 0 <= length <= MAX_BYTES:
            # What is not read leaves a connection that cannot be used again.
            self.close_connection = True
            return 413 if length > 0 else 411
        body = self.rfile.read(length)
        if not hmac.compare_digest(self.path.encode(), SECRET_PATH.encode()):
            return 404
        if self.headers.get("content-type") != "application/json":
            return 415
        try:
            body = body.decode()
            change = parse(body)
            if change["type"] != "TRUNCATE" and key_of(change["record"]) is None:
                return 422
        except (ValueError, TypeError, KeyError):
            return 400
        mark = self.headers.get("rowhook-delivery")
        if mark != "test":
            self.server.store(body, mark == "resend")
        return 204

    def do_GET(self):
        self.answer(405)

    def answer(self, status):
        self.send_response(status)
        if status != 204:
            self.send_header("content-length", "0")
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()

    def log_message(self, *_):
        pass  # The default would write the secret path to stderr.


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address):
        self.db, self.lock, self.arrived = connect(), threading.Lock(), threading.Event()
        self.db.executescript(TABLES)
        super().__init__(address, Receiver)

    def store(self, body, is_resend):
        with self.lock:
            self.db.execute("insert into inbox (body, is_resend) values (?, ?)", (body, is_resend))
        self.arrived.set()


if __name__ == "__main__":
    server = Server((os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8080"))))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"listening on http://{server.server_address[0]}:{server.server_address[1]}", flush=True)
    # Not in the thread that serves: where the work fails, the receiver ends rather than collect changes that nobody works on.
    work_off(server.arrived)
