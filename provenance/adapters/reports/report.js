"use strict";
for (const control of document.querySelectorAll(".control")) {
  const slider = control.querySelector("input");
  const above = control.parentElement.querySelector(".above");
  const show = () => {
    above.style.opacity = String(slider.value / 100);
    control.querySelector("output").textContent = `${slider.value}%`;
    slider.setAttribute("aria-valuetext", `${slider.value}%`);
  };
  slider.addEventListener("input", show);
  control.hidden = false;
  show();
}
