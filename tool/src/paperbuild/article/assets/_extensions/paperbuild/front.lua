-- The front matter for readers and machines: authors as they may be written, and, for the HTML page, how to cite the
-- article and what search engines and reference managers read in its head.
--
-- Sources, the first that holds a thing wins: the front matter (Quarto's keys author, affiliations, license, citation),
-- then CITATION.cff. What neither says is left out. Runs under both typesetters, after article.lua has read the words.

local stringify = pandoc.utils.stringify
local kind = pandoc.utils.type

local function text(value)
  local found = value ~= nil and kind(value) ~= "table" and stringify(value) or ""
  return found ~= "" and found or nil
end

local function escape(value)
  return (value:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;"):gsub('"', "&quot;"))
end

-- Items of a list, or the one thing that stands in its place.
local function items(value)
  if value == nil then
    return {}
  end
  local list = kind(value) == "List" or (kind(value) == "table" and value[1] ~= nil)
  return list and value or { value }
end

-- 1. Authors ---------------------------------------------------------------------------------------------------

local function joined(...)
  local found = {}
  for _, value in ipairs({ ... }) do
    if value ~= "" then
      table.insert(found, value)
    end
  end
  return table.concat(found, ", ")
end

local function affiliation_text(value, known)
  if kind(value) ~= "table" then
    return known[stringify(value)] or stringify(value)
  elseif value.ref then
    return known[stringify(value.ref)]
  end
  return joined(text(value.department) or "", text(value.name) or "", text(value.city) or "", text(value.country) or "")
end

-- Authors as records: name, given, family, orcid, email, affiliations.
local function read_authors(meta)
  local known = {}
  for _, one in ipairs(items(meta.affiliations)) do
    if kind(one) == "table" and one.id then
      known[stringify(one.id)] = affiliation_text(one, {})
    end
  end
  local authors = pandoc.List({})
  for _, one in ipairs(items(meta["written-authors"] or meta.author)) do
    if kind(one) ~= "table" then
      authors:insert({ name = stringify(one), affiliations = {} })
    else
      local name = kind(one.name) == "table" and one.name or { literal = one.name, given = one.given, family = one.family }
      local given, family = text(name.given), text(name.family)
      local author = { given = given, family = family, affiliations = pandoc.List({}) }
      author.name = text(name.literal) or table.concat({ given or "", family or "" }, given and family and " " or "")
      author.orcid = text(one.orcid) and "https://orcid.org/" .. text(one.orcid):gsub("^https?://orcid%.org/", "")
      author.email = text(one.email)
      for _, where in ipairs(items(one.affiliations or one.affiliation)) do
        author.affiliations:insert(affiliation_text(where, known))
      end
      authors:insert(author)
    end
  end
  return authors
end

-- 2. The citation ----------------------------------------------------------------------------------------------

local function read_citation_file()
  local folder = quarto and quarto.project and quarto.project.directory or "."
  local file = io.open(pandoc.path.join({ folder, "CITATION.cff" }), "r")
  if not file then
    return {}
  end
  local content = file:read("a")
  file:close()
  return pandoc.read("---\n" .. content .. "\n---\n", "markdown-smart").meta
end

local function whole_title(meta)
  local title, subtitle = text(meta.title) or "", text(meta.subtitle)
  if not subtitle then
    return title
  end
  return title .. (title:match("[?!.:]$") and " " or ": ") .. subtitle
end

local LICENCES = {
  ["CC0"] = "https://creativecommons.org/publicdomain/zero/1.0/",
  ["CC BY"] = "https://creativecommons.org/licenses/by/4.0/",
  ["CC BY-SA"] = "https://creativecommons.org/licenses/by-sa/4.0/",
  ["CC BY-ND"] = "https://creativecommons.org/licenses/by-nd/4.0/",
  ["CC BY-NC"] = "https://creativecommons.org/licenses/by-nc/4.0/",
  ["CC BY-NC-SA"] = "https://creativecommons.org/licenses/by-nc-sa/4.0/",
  ["CC BY-NC-ND"] = "https://creativecommons.org/licenses/by-nc-nd/4.0/",
}

-- Quarto's `license`: a name, or a map with text and url.
local function licence(meta)
  local given = items(meta.license)[1]
  if given == nil then
    return nil
  elseif kind(given) == "table" then
    return { name = text(given.text) or text(given.type) or text(given.url), url = text(given.url) }
  end
  local name = stringify(given)
  local address = LICENCES[name:upper():gsub(" %d%.%d$", "")]
  -- With its version, as Quarto prints it.
  return { name = address and name:gsub(" %d%.%d$", "") .. " " .. address:match("%d%.%d") or name, url = address }
end

local function record_of(meta, authors)
  local file, citation = read_citation_file(), kind(meta.citation) == "table" and meta.citation or {}
  local organisations = {}
  for _, author in ipairs(items(file.authors)) do
    if kind(author) == "table" and author.name then
      organisations[stringify(author.name)] = true
    end
  end
  local keywords = pandoc.List({})
  for _, word in ipairs(items(meta.keywords)) do
    keywords:insert(stringify(word))
  end
  local year, month, day = (text(meta.date) or ""):match("(%d%d%d%d)%-(%d%d)%-(%d%d)")
  local build = meta.build or {}
  local language, editions = text(meta.lang) or "en", pandoc.List({})
  for code, edition in pairs(meta.editions or {}) do
    editions:insert({ language = code, file = text(edition.file), name = text(edition.name), first = edition.first == true })
  end
  editions:sort(function(one, other)
    return one.language < other.language
  end)
  local own = editions:find_if(function(one)
    return one.language == language
  end)
  local stem, url = own and own.file or "paper", text(citation.url) or text(file.url)
  return {
    stem = stem,
    editions = editions,
    title = whole_title(meta),
    authors = authors,
    organisations = organisations,
    date = year and { year = year, month = month, day = day, iso = year .. "-" .. month .. "-" .. day },
    abstract = meta.abstract and text(meta.abstract) or text(file.abstract),
    keywords = keywords,
    language = language,
    licence = licence(meta),
    journal = text(citation["container-title"]),
    volume = text(citation.volume),
    issue = text(citation.issue),
    pages = text(citation.page),
    publisher = text(citation.publisher),
    doi = text(citation.doi) or text(file.doi),
    url = url and own and not own.first and url:gsub("[^/]*$", "") .. stem .. ".html" or url,
    code = text(file["repository-code"]) or text(file.repository),
    commit = text(build.commit_short),
  }
end

-- A `data:` address, so that the page holds the file itself.
local function data_address(media, content)
  return "data:" .. media .. ";charset=utf-8," .. content:gsub("[^%w%-._~]", function(byte)
    return string.format("%%%02X", byte:byte())
  end)
end

local function bibtex(record)
  local lines = pandoc.List({})
  local function field(name, value)
    if value then
      lines:insert("  " .. name .. " = {" .. value:gsub("[&%%#_]", "\\%0") .. "},")
    end
  end
  local names = pandoc.List({})
  for _, author in ipairs(record.authors) do
    names:insert(author.family and author.family .. ", " .. (author.given or "") or "{" .. author.name .. "}")
  end
  local first = record.authors[1] and (record.authors[1].family or record.authors[1].name) or "article"
  local key = pandoc.text.lower(first):match("^%w+") or "article"
  lines:insert("@" .. (record.journal and "article" or "misc") .. "{" .. key .. (record.date and record.date.year or "") .. ",")
  field("title", "{" .. record.title .. "}")
  field("author", #names > 0 and table.concat(names, " and ") or nil)
  field("year", record.date and record.date.year)
  field("month", record.date and record.date.month)
  field("journal", record.journal)
  field("volume", record.volume)
  field("number", record.issue)
  field("pages", record.pages)
  field("publisher", record.publisher)
  field("doi", record.doi)
  field("url", record.url)
  field("note", record.commit and "Version " .. record.commit)
  lines:insert("}")
  return table.concat(lines, "\n") .. "\n"
end

local function ris(record)
  local lines = pandoc.List({})
  local function field(tag, value)
    if value then
      lines:insert(tag .. "  - " .. value:gsub("%s+", " "))
    end
  end
  field("TY", record.journal and "JOUR" or "GEN")
  field("TI", record.title)
  for _, author in ipairs(record.authors) do
    field("AU", author.family and author.family .. ", " .. (author.given or "") or author.name)
  end
  field("PY", record.date and record.date.year)
  field("DA", record.date and table.concat({ record.date.year, record.date.month, record.date.day }, "/"))
  field("JO", record.journal)
  field("VL", record.volume)
  field("IS", record.issue)
  field("SP", record.pages)
  field("PB", record.publisher)
  field("DO", record.doi)
  field("UR", record.url)
  field("LA", record.language)
  field("ET", record.commit)
  for _, word in ipairs(record.keywords) do
    field("KW", word)
  end
  field("AB", record.abstract)
  field("ER", "")
  return table.concat(lines, "\r\n") .. "\r\n"
end

-- Authors (date). Title. Where it stands. The date is whole, as in the colophon: a comparison of two builds leaves it out.
local function citation_text(record, version)
  local names = pandoc.List({})
  for _, author in ipairs(record.authors) do
    names:insert(author.family and author.family .. (author.given and ", " .. author.given or "") or author.name)
  end
  local inlines = pandoc.Inlines({ pandoc.Str(table.concat(names, "; ")) })
  if record.date then
    inlines:extend({ pandoc.Space(), pandoc.Str("(" .. record.date.iso .. ")") })
  end
  inlines:extend({ pandoc.Str("."), pandoc.Space(), pandoc.Emph(pandoc.Str(record.title)), pandoc.Str(".") })
  if record.journal then
    local numbers = record.volume and " " .. record.volume .. (record.issue and "(" .. record.issue .. ")" or "") or ""
    inlines:extend({ pandoc.Space(), pandoc.Str(record.journal .. numbers .. ".") })
  end
  if record.commit then
    inlines:extend({ pandoc.Space(), pandoc.Str(version .. " " .. record.commit .. ".") })
  end
  local address = record.doi and "https://doi.org/" .. record.doi or record.url
  if address then
    inlines:extend({ pandoc.Space(), pandoc.Link(address, address) })
  end
  return inlines
end

-- 3. The page's head -------------------------------------------------------------------------------------------

local function json_ld(record)
  local people = pandoc.List({})
  for _, author in ipairs(record.authors) do
    local organisation = record.organisations[author.name]
    local person = { ["@type"] = organisation and "Organization" or "Person", name = author.name }
    person.givenName, person.familyName, person["@id"] = author.given, author.family, author.orcid
    if #author.affiliations > 0 then
      person.affiliation = author.affiliations:map(function(name)
        return { ["@type"] = "Organization", name = name }
      end)
    end
    people:insert(person)
  end
  local found = {
    ["@context"] = "https://schema.org",
    ["@type"] = "ScholarlyArticle",
    headline = record.title,
    author = people,
    datePublished = record.date and record.date.iso,
    inLanguage = record.language,
    abstract = record.abstract,
    keywords = #record.keywords > 0 and record.keywords or nil,
    license = record.licence and (record.licence.url or record.licence.name),
    identifier = record.doi and "https://doi.org/" .. record.doi,
    url = record.url,
    isPartOf = record.journal and { ["@type"] = "Periodical", name = record.journal },
    isBasedOn = record.code and { ["@type"] = "SoftwareSourceCode", codeRepository = record.code },
    version = record.commit,
  }
  -- "<" would end the script in "</script>".
  return (pandoc.json.encode(found):gsub("<", "\\u003c"))
end

local function head(record)
  local lines = pandoc.List({})
  local function tag(attribute, name, value)
    if value and value ~= "" then
      lines:insert('<meta ' .. attribute .. '="' .. name .. '" content="' .. escape(value:gsub("%s+", " ")) .. '">')
    end
  end
  local folder = record.url and record.url:gsub("[^/]*$", "") or ""
  local day = record.date and table.concat({ record.date.year, record.date.month, record.date.day }, "/")
  tag("name", "description", record.abstract)
  tag("name", "keywords", table.concat(record.keywords, ", "))
  tag("name", "dcterms.date", record.date and record.date.iso)
  tag("name", "citation_title", record.title)
  for _, author in ipairs(record.authors) do
    tag("name", "author", author.name)
    tag("name", "citation_author", author.family and author.family .. ", " .. (author.given or "") or author.name)
    for _, affiliation in ipairs(author.affiliations) do
      tag("name", "citation_author_institution", affiliation)
    end
    tag("name", "citation_author_orcid", author.orcid)
  end
  tag("name", "citation_publication_date", day)
  tag("name", "citation_journal_title", record.journal)
  tag("name", "citation_volume", record.volume)
  tag("name", "citation_issue", record.issue)
  tag("name", "citation_publisher", record.publisher)
  tag("name", "citation_doi", record.doi)
  tag("name", "citation_language", record.language)
  for _, word in ipairs(record.keywords) do
    tag("name", "citation_keywords", word)
  end
  -- Scholars' crawlers take whole addresses only, so this needs to know where the article lies.
  tag("name", "citation_fulltext_html_url", record.url)
  tag("name", "citation_pdf_url", record.url and folder .. record.stem .. ".pdf")
  -- Each language's page, whole where it is known where the article lies; Quarto is kept from putting it into this one.
  local outside = quarto and ' data-external="1"' or ""
  for _, edition in ipairs(record.editions) do
    local address = escape(folder .. edition.file .. ".html")
    for _, code in ipairs({ edition.language, edition.first and "x-default" or nil }) do
      lines:insert('<link rel="alternate" hreflang="' .. code .. '" href="' .. address .. '"' .. outside .. ">")
    end
  end
  tag("property", "og:type", "article")
  tag("property", "og:title", record.title)
  tag("property", "og:description", record.abstract)
  tag("property", "og:url", record.url)
  tag("property", "og:locale", record.language:gsub("-", "_"))
  tag("property", "article:published_time", record.date and record.date.iso)
  lines:insert('<script type="application/ld+json">' .. json_ld(record) .. "</script>")
  return pandoc.MetaInlines({ pandoc.RawInline("html", table.concat(lines, "\n")) })
end

-- Authors with the numbers of their affiliations, and the affiliations in the order of these numbers.
local function author_block(authors)
  local numbers, places, shown = {}, pandoc.List({}), pandoc.List({})
  for _, author in ipairs(authors) do
    local marks = pandoc.List({})
    for _, place in ipairs(author.affiliations) do
      if not numbers[place] then
        places:insert(place)
        numbers[place] = #places
      end
      marks:insert(tostring(numbers[place]))
    end
    shown:insert({
      name = author.name,
      orcid = author.orcid,
      email = author.email,
      marks = #marks > 0 and table.concat(marks, ",") or nil,
    })
  end
  return shown, #places > 0 and places or nil
end

-- The section that tells of the data, by its name: the same in every language.
local DATA = "sec-data"
local has_data = false

local function find_data(header)
  has_data = has_data or header.identifier == DATA
end

-- What has no edition in the page's language, as notebooks and certificate: its own, and how this one calls it.
local function foreign(words, record)
  local first = record.editions:find_if(function(one)
    return one.first
  end)
  if not first or first.language == record.language then
    return nil
  end
  return { language = first.language, said = words["in-" .. first.language:match("^%a+"):lower()] }
end

local function tell(meta)
  local authors = read_authors(meta)
  if FORMAT:match("html") then
    local record = record_of(meta, authors)
    local shown, affiliations = author_block(authors)
    meta.page = {
      head = head(record),
      stem = record.stem,
      editions = record.editions:filter(function(one)
        return one.language ~= record.language
      end),
      authors = shown,
      affiliations = affiliations,
      doi = record.doi,
      licence = record.licence,
      data = has_data and "#" .. DATA or nil,
      code = record.code,
      foreign = foreign(meta.words, record),
      cite = pandoc.MetaInlines(citation_text(record, text(meta.words.version))),
      bibtex = data_address("application/x-bibtex", bibtex(record)),
      ris = data_address("application/x-research-info-systems", ris(record)),
    }
  end
  meta.editions = nil
  -- Quarto sets authors by itself in the other formats; without it, a template is given their names.
  if not quarto and #authors > 0 then
    meta.author = authors:map(function(author)
      return pandoc.MetaInlines(pandoc.Inlines(author.name))
    end)
  end
  return meta
end

return { { Header = find_data }, { Meta = tell } }
