// Browsers start no worker from a page that was opened as a file. There a hidden frame does the work of the search in its place.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(address) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      const script = String(address).replace(/&/g, "&amp;").replace(/"/g, "&quot;");
      this.frame.srcdoc = `<script>window.postMessage = parent.postMessage.bind(parent)<\/script><script src="${script}"><\/script>`;
      this.ready = new Promise((resolve, reject) => {
        this.frame.onload = resolve;
        this.frame.onerror = reject;
      });
      this.heard = event => {
        if (event.source !== this.frame.contentWindow) return;
        const message = new MessageEvent("message", { data: event.data });
        this.dispatchEvent(message);
        if (this.onmessage) this.onmessage(message);
      };
      addEventListener("message", this.heard);
      document.body.append(this.frame);
    }

    // The frame has objects of its own: a message is told to it as an event, not sent.
    postMessage(data) {
      this.ready.then(() => this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data })));
    }

    terminate() {
      removeEventListener("message", this.heard);
      this.frame.remove();
    }
  };
}
