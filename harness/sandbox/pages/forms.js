// What an end user fills in or picks: options, forms of a bot, the form before a chat.

import { element, link, plain } from "./text.js";

let made = 0;

const titleOf = (item) => item?.titleItem?.title ?? item?.title?.title ?? item?.title ?? "";

// Options as buttons, links as links. `choose` is called with the option's identifier and its title; null: nobody can.
export function options(items, choose, { once }) {
  const row = element("div", { class: "options" });
  const pick = (item, button) => async () => {
    if (once) for (const one of row.querySelectorAll("button")) one.disabled = true;
    button.setAttribute("aria-pressed", "true");
    await choose(item.optionIdentifier, titleOf(item));
  };
  for (const item of items) {
    if (item.url) {
      row.append(link(item.url, titleOf(item)));
      continue;
    }
    const button = element("button", { type: "button", class: "plain", disabled: !choose }, titleOf(item));
    if (choose) button.addEventListener("click", pick(item, button));
    row.append(button);
  }
  return row;
}

// A form of a bot. `submit` is called with the input values as the API has them; null: nobody can.
export function formOf({ formTitle, message, sections }, submit) {
  const fields = sections.map(({ input }) => fieldOf(input));
  const button = element("button", { type: "submit", disabled: !submit }, "Submit");
  const send = async (event) => {
    event.preventDefault();
    button.disabled = true;
    await submit(fields.flatMap(({ read }) => read()), titleOf(formTitle)).catch(() => { button.disabled = false; });
  };
  const intro = [titleOf(formTitle), titleOf(message)].filter(Boolean).map((one) => element("p", {}, one));
  return element("form", { submit: send }, ...intro, ...fields.map(({ shown }) => shown), button);
}

function fieldOf(input) {
  const label = input.label?.title ?? input.label ?? "";
  switch (input.inputType) {
    case "TextInput":
      return single(input, label, "TextValue", "textValue", {
        type: { EmailAddress: "email", PhonePad: "tel" }[input.keyboardType] ?? "text",
        inputmode: input.keyboardType === "NumberPad" ? "numeric" : null,
        maxlength: input.maximumCharacterCount, placeholder: input.placeholder,
      });
    case "DatePickerInput":
      return single(input, label, "DateValue", "dateValue", {
        type: "date", min: input.minimumDate, max: input.maximumDate,
      });
    case "DateTimePickerInput":
      return single(input, label, "DateTimeValue", "dateTimeValue", {
        type: "datetime-local", min: input.minimumDateTime?.slice(0, 16), max: input.maximumDateTime?.slice(0, 16),
      });
    case "SelectInput":
    case "OptionPickerInput":
      return several(input, label);
    default:  // titles and footers, and what nobody knows
      return { shown: element("p", {}, label || titleOf(input) || `[${input.inputType}]`), read: () => [] };
  }
}

function single(input, label, valueType, key, attributes) {
  const field = element("input", { ...attributes, required: input.required });
  const written = () => (field.type === "datetime-local" ? new Date(field.value).toISOString() : field.value);
  const read = () => (field.value === "" ? [] : [{
    inputValueType: "SingleInputValue", inputId: input.id, displayValue: field.value,
    value: { valueType, [key]: written() },
  }]);
  return { shown: labelled(label, field, input), read };
}

function several(input, label) {
  const selected = (identifiers) => (identifiers.length ? [{
    inputValueType: "SelectedOptionsInputValue", inputId: input.id,
    selectedOptions: identifiers.map((optionIdentifier) => ({ optionIdentifier })),
  }] : []);
  if (!input.multipleSelection) {
    const field = select(input.optionItems.map((one) => [one.optionIdentifier, titleOf(one)]), input.required);
    return { shown: labelled(label, field, input), read: () => selected(field.value ? [field.value] : []) };
  }
  const boxes = input.optionItems.map((one) => {
    const box = element("input", { type: "checkbox", value: one.optionIdentifier });
    return { box, shown: element("label", {}, box, " ", titleOf(one)) };
  });
  const legend = element("legend", {}, label + (input.required ? " (required)" : ""));
  return {
    shown: element("fieldset", {}, legend, ...boxes.map(({ shown }) => element("div", {}, shown))),
    read: () => selected(boxes.filter(({ box }) => box.checked).map(({ box }) => box.value)),
  };
}

function select(choices, required) {
  const all = [["", "–"], ...choices].map(([value, title]) => {
    const option = element("option", {}, title);
    option.value = value;
    return option;
  });
  return element("select", { required }, ...all);
}

function labelled(label, field, { required, hintText = null }) {
  field.id = `field-${++made}`;
  const words = element("label", { for: field.id }, label + (required ? " (required)" : ""));
  if (!hintText) return element("div", {}, words, field);
  const hint = element("p", { class: "quiet", id: `${field.id}-hint` }, hintText);
  field.setAttribute("aria-describedby", hint.id);
  return element("div", {}, words, field, hint);
}

// The form before a chat, of a deployment's configuration: its visible fields, and what reads them into attributes.
export function prechat({ forms = [], choiceListConfig = {} }) {
  const asked = forms.flatMap(({ formFields }) => formFields).filter((one) => !one.isHidden);
  const lists = new Map((choiceListConfig.choiceList ?? []).map((one) => [one.choiceListId, one.choiceListValues]));
  const fields = asked.sort((a, b) => a.order - b.order).map((one) => {
    const values = lists.get(one.choiceListId) ?? [];
    const types = { Email: "email", Phone: "tel", Number: "number", Checkbox: "checkbox" };
    const field = one.type === "ChoiceList"
      ? select(values.map((value) => [value.choiceListValueName, value.label]), one.required)
      : element("input", {
        type: types[one.type] ?? "text", required: one.required, maxlength: one.maxLength,
        step: one.type === "Number" ? "any" : null,
      });
    const read = () => (field.type === "checkbox" ? String(field.checked) : field.value);
    return { name: one.name, shown: labelled(plain(one.name).replace(/^_/, ""), field, one), read };
  });
  return {
    shown: fields.map(({ shown }) => shown),
    read: () => Object.fromEntries(fields.map(({ name, read }) => [name, read()]).filter(([, value]) => value !== "")),
  };
}
