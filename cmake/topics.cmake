# tocsin_topic_rows(<json> <output>): the rows of deploy/topics.json as C++, for app/pipeline/topics.cc.
function(tocsin_topic_rows json_path output)
  set_property(DIRECTORY "${CMAKE_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${json_path}")
  file(READ "${json_path}" json)
  string(JSON count LENGTH "${json}" topics)
  math(EXPR last "${count} - 1")
  set(settings "")
  set(rows "")
  foreach(i RANGE ${last})
    foreach(field key partitions holds why)
      string(JSON ${field} GET "${json}" topics ${i} ${field})
    endforeach()
    string(JSON setting_count LENGTH "${json}" topics ${i} config)
    math(EXPR setting_last "${setting_count} - 1")
    string(APPEND settings "constexpr TopicSetting kSettings${i}[] = {")
    foreach(j RANGE ${setting_last})
      string(JSON name MEMBER "${json}" topics ${i} config ${j})
      string(JSON value GET "${json}" topics ${i} config "${name}")
      string(APPEND settings "{R\"(${name})\", R\"(${value})\"}, ")
    endforeach()
    string(APPEND settings "};\n")
    string(APPEND rows "    {&Config::Topics::${key}, ${partitions}, kSettings${i}, R\"(${holds})\", R\"(${why})\"},\n")
  endforeach()
  file(CONFIGURE OUTPUT "${output}" @ONLY CONTENT "// Made from deploy/topics.json; don't edit.
namespace tocsin {
namespace {
@settings@
constexpr TopicRow kTopicRows[] = {
@rows@};
}  // namespace
}  // namespace tocsin
")
endfunction()
