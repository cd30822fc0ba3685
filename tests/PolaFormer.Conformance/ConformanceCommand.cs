using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using PolaFormer.Cuda;
using PolaFormer.Tensors;

namespace PolaFormer.Conformance;

/// <summary><c>./polaformer conformance DIR</c> of a source checkout: holds the libraries against values recorded from the authors' code.</summary>
internal static class ConformanceCommand
{
    /// <summary>Makes the command.</summary>
    public static RootCommand Create()
    {
        var folder = new Argument<DirectoryInfo>("DIR") { Description = "Folder of cases: each a folder with meta.json and case.safetensors, at any depth." };
        var filter = new Option<string?>("--filter") { HelpName = "TEXT", Description = "Run only the cases whose family/name contains this." };
        var device = new Option<string>("--device") { HelpName = "cpu|cuda[:N]", Description = "Where to compute.", DefaultValueFactory = _ => Device.Cpu.Name };
        var json = new Option<bool>("--json") { Description = "Print the outcome as one JSON list." };
        var command = new RootCommand("Compare every operator, module and model with values recorded from the authors' PyTorch code.") { folder, filter, device, json };
        command.SetAction(parsed =>
        {
            CudaDevice.Register();
            using IDisposable use = Device.Open(parsed.GetValue(device)!).Use();
            return Run(parsed.GetValue(folder)!, parsed.GetValue(filter), parsed.GetValue(json), parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        });
        return command;
    }

    private static int Run(DirectoryInfo folder, string? filter, bool json, TextWriter output, TextWriter errors)
    {
        if (!folder.Exists)
        {
            errors.WriteLine($"polaformer: There is no folder {folder}. Give the folder that holds the reference cases.");
            return 1;
        }

        var results = new List<CaseResult>();
        foreach (CaseResult result in ConformanceRun.All(folder.FullName, filter))
        {
            results.Add(result);
            if (!json)
                output.WriteLine(Line(result));
        }

        if (results.Count == 0)
        {
            errors.WriteLine(filter is null ? $"polaformer: {folder} holds no case: no meta.json was found." : $"polaformer: {folder} holds no case whose name contains '{filter}'.");
            return 1;
        }

        output.WriteLine(json ? Json(results) : Summary(results));
        return results.Any(result => result.Status == CaseStatus.Failed) ? 1 : 0;
    }

    private static string Line(CaseResult result)
    {
        string name = result.Case.PadRight(40);
        string worst = result.Worst is null ? "" : string.Create(CultureInfo.InvariantCulture, $"worst {result.Worst} {result.Ratio:0.00} of tolerance");
        return result.Status switch
        {
            CaseStatus.Passed => $"pass  {name} {worst}",
            CaseStatus.Skipped => $"skip  {name} {result.Reason}",
            _ => $"FAIL  {name} {result.Reason}",
        };
    }

    private static string Summary(List<CaseResult> results)
    {
        int Of(CaseStatus status) => results.Count(result => result.Status == status);
        return $"{Of(CaseStatus.Passed)} passed, {Of(CaseStatus.Failed)} failed, {Of(CaseStatus.Skipped)} skipped";
    }

    private static string Json(List<CaseResult> results) => JsonSerializer.Serialize(
        results.Select(result => new
        {
            @case = result.Case,
            status = result.Status.ToString().ToLowerInvariant(),
            worst = result.Worst,
            ratio = double.IsFinite(result.Ratio) ? result.Ratio : double.MaxValue,
            reason = result.Reason,
        }),
        new JsonSerializerOptions { WriteIndented = true });
}
