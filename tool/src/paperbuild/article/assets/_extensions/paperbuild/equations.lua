-- Quarto writes the number of an equation into its formula, where it is read as part of it. In the page it stands at the
-- margin, as the embedded engine has it.

local floats = dofile(quarto.utils.resolve_path("floats.lua"))

local function set(block, word)
  local span = block.content[1]
  local math = #block.content == 1 and span.t == "Span" and span.identifier:match("^eq%-") and span.content[1]
  if not math or math.t ~= "Math" then
    return nil
  end
  local formula, number = math.text:match("^(.-)%s*\\qquad%s*%(([%d.]+)%)%s*$")
  if not number then
    return nil
  end
  math.text = formula
  return floats.html_equation(span.identifier, math, number, word .. " " .. number)
end

function Pandoc(doc)
  if FORMAT:match("html") then
    local word = pandoc.utils.stringify(doc.meta.words.equation)
    doc.blocks = doc.blocks:walk({
      Para = function(block)
        return set(block, word)
      end,
    })
  end
  return doc
end
