// URLPattern (URL Pattern Standard), by the library urlpattern-polyfill.
import { URLPattern } from "urlpattern-polyfill";
import { install } from "../webidl/webidl.js";

install("URLPattern", URLPattern, 0);
