-- What Quarto adds, set as the embedded engine has it. Only Quarto runs this.

local floats = dofile(quarto.utils.resolve_path("floats.lua"))

-- The number of an equation, in its formula, where it is read as part of it. In the page it stands at the margin.
local function equation(block, word)
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

-- A paragraph of one blank between floats or callouts, which a DOCX needs where they are tables.
local function is_spacer(block)
  return #block.content == 1 and block.content[1].t == "Str" and block.content[1].text == " "
end

function Pandoc(doc)
  if FORMAT:match("html") then
    local word = pandoc.utils.stringify(doc.meta.words.equation)
    doc.blocks = doc.blocks:walk({
      Para = function(block)
        return equation(block, word)
      end,
    })
  elseif FORMAT:match("docx") then
    doc.blocks = doc.blocks:walk({
      Para = function(block)
        return is_spacer(block) and {} or nil
      end,
    })
  end
  return doc
end
