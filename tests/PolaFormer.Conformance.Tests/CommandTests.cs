using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace PolaFormer.Conformance.Tests;

/// <summary>What the command prints, and that it fails where a value is wrong.</summary>
public class CommandTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("polaformer-conformance-");

    [Fact]
    public void PrintsALineForEachCaseAndASummary()
    {
        (int code, string[] lines, _) = Run(CaseFolders.Local, "--filter", "swish");
        Assert.Equal(0, code);
        Assert.Equal(3, lines.Length);
        Assert.Matches(@"^pass  A_modules/pp_swish +worst \S+ \d\.\d\d of tolerance$", lines[0]);
        Assert.Equal("2 passed, 0 failed, 0 skipped", lines[^1]);
    }

    [Fact]
    public void PrintsJson()
    {
        (int code, string[] lines, _) = Run(CaseFolders.Local, "--filter", "pp_swish", "--json");
        JsonNode entry = JsonNode.Parse(string.Join('\n', lines))!.AsArray().Single()!;
        Assert.Equal(0, code);
        Assert.Equal(["case", "status", "worst", "ratio", "reason"], entry.AsObject().Select(field => field.Key));
        Assert.Equal("A_modules/pp_swish", (string?)entry["case"]);
        Assert.Equal("passed", (string?)entry["status"]);
    }

    [Fact]
    public void FailsWhereAValueIsWrong()
    {
        Copy("F_math/pse", meta => meta["values"]!["pair"] = 0.5);
        (int code, string[] lines, _) = Run(_folder.FullName);
        Assert.Equal(1, code);
        Assert.StartsWith("FAIL  F_math/pse", lines[0], StringComparison.Ordinal);
        Assert.Contains("pair", lines[0], StringComparison.Ordinal);
        Assert.Equal("0 passed, 1 failed, 0 skipped", lines[^1]);
    }

    [Fact]
    public void FailsWhereAnExpectedValueWasNotCompared()
    {
        Copy("F_math/linspace_drop_path", meta => meta["case"] = "pow_gradients", meta => meta["rows"] = new JsonArray());
        (int code, string[] lines, _) = Run(_folder.FullName);
        Assert.Equal(1, code);
        Assert.Contains("not compared", lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public void AnArgumentThatACaseLeavesOutIsTheAuthorsDefault()
    {
        Copy("B_models/pp_lv", meta => meta["construct"]!.AsObject().Remove("layer_init_values"));
        (int code, string[] lines, _) = Run(_folder.FullName);
        Assert.True(code == 0, string.Join('\n', lines));
        Assert.Equal("1 passed, 0 failed, 0 skipped", lines[^1]);
    }

    [Fact]
    public void SkipsWithAReasonWhatIsNotBuilt()
    {
        Copy("F_math/pse", meta => meta["family"] = "G_baselines");
        (int code, string[] lines, _) = Run(_folder.FullName);
        Assert.Equal(0, code);
        Assert.Matches(@"^skip  F_math/pse +\w+", lines[0]);
        Assert.Equal("0 passed, 0 failed, 1 skipped", lines[^1]);
    }

    [Fact]
    public void SaysWhatIsWrongWithAFolderWithoutCases()
    {
        (int code, _, string errors) = Run(_folder.FullName);
        Assert.Equal(1, code);
        Assert.Contains("meta.json", errors, StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _folder.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    private void Copy(string name, params Action<JsonNode>[] changes)
    {
        DirectoryInfo target = _folder.CreateSubdirectory(name);
        foreach (string file in Directory.GetFiles(Path.Combine(CaseFolders.Local, name)))
            File.Copy(file, Path.Combine(target.FullName, Path.GetFileName(file)));
        string path = Path.Combine(target.FullName, "meta.json");
        JsonNode meta = JsonNode.Parse(File.ReadAllText(path))!;
        foreach (Action<JsonNode> change in changes)
            change(meta);
        File.WriteAllText(path, meta.ToJsonString(new JsonSerializerOptions()));
    }

    private static (int Code, string[] Lines, string Errors) Run(params string[] arguments)
    {
        using StringWriter output = new(), errors = new();
        int code = ConformanceCommand.Create().Parse(arguments).Invoke(new InvocationConfiguration { Output = output, Error = errors });
        return (code, output.ToString().TrimEnd().Split(Environment.NewLine), errors.ToString());
    }
}
