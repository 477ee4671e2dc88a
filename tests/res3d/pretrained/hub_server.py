"""A stand-in for the hub on loopback: the part of its HTTP API that reading and uploading a model takes."""

import base64
import contextlib
import hashlib
import http.server
import json
import threading
import urllib.parse


class Hub:
    """Repositories with their commits.

    Attributes:
        commits: {repository: {commit or branch: {file: bytes}}}; "main" is the newest.
        asked: list of "METHOD path", in order.
    """

    def __init__(self):
        self.commits, self.asked, self.uploads = {}, [], {}
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close(self):
        """Ends the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def commit(self, repository, files):
        """Makes a commit with `files` on top of what there is; returns its id."""
        branches = self.commits.setdefault(repository, {"main": {}})
        whole = {**branches["main"], **files}
        told = "".join(f"{name}{hashlib.sha256(data).hexdigest()}" for name, data in sorted(whole.items()))
        commit = hashlib.sha1(told.encode()).hexdigest()
        branches["main"] = branches[commit] = whole
        return commit

    def id_of(self, repository, revision):
        """The commit that a revision is, or None."""
        branches = self.commits.get(repository, {})
        return next((name for name, files in branches.items() if files is branches.get(revision) and name != "main"),
                    None)

    def answer(self, method, path, body):
        """(status, headers, bytes) of a request."""
        words = path.strip("/").split("/")
        if method == "PUT" and words[0] == "upload":
            self.uploads[words[1]] = body
            return 200, {}, b""
        if method == "POST":
            return _json(self._post(words, body))
        if words[:2] == ["api", "models"] and words[4:5] == ["revision"]:
            return self._info("/".join(words[2:4]), words[5])
        if words[:2] == ["api", "models"] and words[4:5] == ["tree"]:
            return self._tree("/".join(words[2:4]), words[5])
        if words[2:3] == ["resolve"]:
            return self._file("/".join(words[:2]), words[3], "/".join(words[4:]))
        return 404, {}, b""

    def _info(self, repository, revision):
        commit = self.id_of(repository, revision)
        if commit is None:
            return 404, {"X-Error-Code": "RepoNotFound"}, b""
        files = [{"rfilename": name, "size": len(data), "blobId": hashlib.sha1(data).hexdigest(),
                  "lfs": {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "pointerSize": 134}}
                 for name, data in self.commits[repository][commit].items()]
        return _json({"id": repository, "modelId": repository, "sha": commit, "siblings": files, "tags": []})

    def _tree(self, repository, commit):
        return _json([{"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
                      for name, data in self.commits[repository][commit].items()])

    def _file(self, repository, revision, name):
        commit = self.id_of(repository, revision)
        data = self.commits.get(repository, {}).get(commit, {}).get(name)
        if data is None:
            return 404, {"X-Error-Code": "EntryNotFound"}, b""
        return 200, {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "X-Repo-Commit": commit}, data

    def _post(self, words, body):
        if words == ["api", "repos", "create"]:
            told = json.loads(body)
            name = f"{told['organization']}/{told['name']}"
            self.commits.setdefault(name, {"main": {}})
            return {"url": f"{self.address}/{name}", "name": name, "id": name}
        if words[4:5] == ["preupload"]:
            return {"files": [{"path": file["path"], "shouldIgnore": False,
                               "uploadMode": "lfs" if file["path"].endswith((".h5", ".npz")) else "regular"}
                              for file in json.loads(body)["files"]]}
        if words[-2:] == ["objects", "batch"]:
            return {"transfer": "basic", "objects": [
                {**told, "actions": {"upload": {"href": f"{self.address}/upload/{told['oid']}"}}}
                for told in json.loads(body)["objects"]]}
        if words[4:5] == ["commit"]:
            return self._commit("/".join(words[2:4]), body)
        return {"errors": [], "warnings": []}  # a model card that is checked

    def _commit(self, repository, body):
        files = {}
        for line in map(json.loads, body.splitlines()):
            told = line["value"]
            if line["key"] == "file":
                files[told["path"]] = base64.b64decode(told["content"])
            elif line["key"] == "lfsFile":
                files[told["path"]] = self.uploads[told["oid"]]
        commit = self.commit(repository, files)
        return {"success": True, "commitOid": commit, "commitUrl": f"{self.address}/{repository}/commit/{commit}"}

    def _handler(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                path = urllib.parse.urlsplit(self.path).path
                outer.asked.append(f"{self.command} {path}")
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, data = outer.answer(self.command, path, body)
                with contextlib.suppress(ConnectionError):
                    self.send_response(status)
                    for name, value in {**headers, "Content-Length": str(len(data))}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    if self.command != "HEAD":
                        self.wfile.write(data)

            def __getattr__(self, name):  # do_GET, do_HEAD, do_POST, do_PUT
                if name.startswith("do_"):
                    return self.answer
                raise AttributeError(name)

            def log_message(self, *_):
                pass

        return Handler


def _json(value):
    return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()
