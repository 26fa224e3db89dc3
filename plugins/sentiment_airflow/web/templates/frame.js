// Runs in Airflow's window, which has React: shows the page beside this file in a frame that fills Airflow's space.
const page = new URL("./", import.meta.url).href
const style = { border: "none", display: "block", height: "100%", width: "100%" }
globalThis.AirflowPlugin = () => globalThis.React.createElement("iframe", { src: page, style, title: "Models" })
