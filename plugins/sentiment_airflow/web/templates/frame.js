// Runs in Airflow's window, which has React: shows the page beside this file in a frame that fills Airflow's space, and
// tells the page by a cookie which language and which theme Airflow has.
const page = new URL("./", import.meta.url)
const style = { border: "none", display: "block", height: "100%", width: "100%" }
const theme = () => (document.documentElement.classList.contains("dark") ? "dark" : "light")
const tell = () => {
  const language = encodeURIComponent(localStorage.getItem("i18nextLng") ?? "")
  document.cookie = `sentiment_airflow=${language}.${theme()}; path=${page.pathname.replace(/\/$/, "")}; SameSite=Strict`
}
const follow = () => {
  tell()
  for (const frame of document.querySelectorAll("iframe[title=Models]"))
    if (frame.contentDocument) frame.contentDocument.documentElement.dataset.theme = theme()
}
new MutationObserver(follow).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] })
globalThis.AirflowPlugin = () => {
  tell()
  return globalThis.React.createElement("iframe", { src: page.href, style, title: "Models", onLoad: tell })
}
