using System.Globalization;
using PolaFormer.Analysis.Report;
using PolaFormer.Measurement;
using PolaFormer.Models;
using PolaFormer.Reproduction.Paper;

namespace PolaFormer.Reproduction;

/// <summary>Tables of networks of images: parameters and multiply-accumulates, counted by walking each network without arithmetic.</summary>
public static class ModelTable
{
    private static readonly string[] s_columns = ["network", "parameters", "paper", "MACs", "paper", "top-1 %", "paper"];

    /// <summary>Table 1.</summary>
    public static ReproducedTable Table1(Action<string> progress) => Of("table1", "Table 1: attentions in DeiT-T and Swin-T on ImageNet-1K", PaperModels.Table1, progress) with
    {
        Notes =
        [
            Untrained,
            "In Swin the first two stages have the attention and the other two windows of softmax, as in the authors' configuration; their windows are as large as the stage.",
            "Enhanced is EfficientViT's multi-scale attention as published; in DeiT-T its convolutions have more parameters than the paper's entry.",
            "Angular is the linear part alone; the authors of Castling-ViT add a sparse softmax while they train.",
        ],
    };

    /// <summary>Table 3.</summary>
    public static ReproducedTable Table3(Action<string> progress) => Of("table3", "Table 3: parts of polarity attention in DeiT-T", PaperModels.Table3, progress) with
    {
        Notes = [Untrained, "The paper prints accuracies alone; which marks belong to which row follows from its text."],
    };

    /// <summary>Table 5.</summary>
    public static ReproducedTable Table5(Action<string> progress) => Of("table5", "Table 5: networks of several sizes on ImageNet-1K", PaperModels.Table5, progress) with
    {
        Notes = [Untrained, "FLatten and Mobi stand where PolaFormer's networks have polarity attention, in the same stages; the original networks place them otherwise."],
    };

    private static string Untrained => "Not trained here: the accuracies are the paper's alone. What it calls FLOPs are multiply-accumulates.";

    private static ReproducedTable Of(string name, string title, IReadOnlyList<PaperModel> models, Action<string> progress) => new(
        name, title, new ReportTable(s_columns, [.. models.Select(model => Row(model, progress))]));

    private static string[] Row(PaperModel model, Action<string> progress)
    {
        progress(model.Label);
        ModelSummary? ours = model.Model is { } name ? ModelSummary.Of(ModelRegistry.Find(name).WithAttention(model.Attention)) : null;
        return
        [
            model.Label,
            ours is null ? ReproducedTable.NotRun : Text($"{ours.Parameters / 1e6:F2} M"), Printed(model.Parameters),
            ours is null ? ReproducedTable.NotRun : Text($"{ours.Macs / 1e9:F3} G"), Printed(model.Flops),
            ReproducedTable.NotRun, Text($"{model.Top1:F1}"),
        ];
    }

    private static string Printed(string figure) => figure.Length == 0 ? ReproducedTable.NotRun : figure;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
