using System.CommandLine;
using PolaFormer.Analysis.Report;
using PolaFormer.Checkpoints;
using PolaFormer.LongRange;
using PolaFormer.Models;
using PolaFormer.Pipelines;
using PolaFormer.Segmentation;
using PolaFormer.Tensors;
using Spectre.Console;

namespace PolaFormer.Cli;

/// <summary><c>inspect FILE</c>: what a checkpoint holds, and which registered model it fits.</summary>
internal static class InspectCommand
{
    private const int MaxNames = 12, MaxRows = 5000;

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "A .safetensors or .pth file." };
        var section = new Option<string?>("--section") { HelpName = "NAME", Description = "State dict to show where the file holds several, such as model_ema." };
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("inspect", "Show the tensors of a checkpoint and the model it fits.") { file, section, json };
        command.SetAction(parsed =>
        {
            using Checkpoint checkpoint = Checkpoint.Open(parsed.GetValue(file)!, new CheckpointOptions { Section = parsed.GetValue(section) });
            ((ModelEntry Entry, ModelOptions Options)? fit, SegmenterDescription? segmenter, CheckpointException? damage) = Recognize(checkpoint);
            IReadOnlyList<string> passedOver = fit is { } known ? PassedOver(known.Entry, known.Options, checkpoint) : [];
            if (parsed.GetValue(json))
            {
                Json.Print(new
                {
                    file = checkpoint.Name,
                    format = checkpoint.Format.ToString(),
                    section = checkpoint.Section,
                    sections = checkpoint.Sections,
                    model = segmenter?.Name ?? fit?.Entry.Name,
                    task = segmenter is null ? null : "segmentation",
                    attention = fit?.Entry.Config.Attention,
                    classes = segmenter?.Classes.Names.Count ?? fit?.Options.NumClasses,
                    labels = segmenter?.Classes.Names,
                    short_side = segmenter?.Scale.Short,
                    passed_over = passedOver,
                    not_read = checkpoint.NotRead,
                    tensors = checkpoint.Entries.Select(entry => new { name = entry.Name, dtype = entry.DType.ToString(), shape = entry.Shape.AsSpan().ToArray(), bytes = entry.ByteCount }),
                });
            }
            else
            {
                Print(checkpoint, fit, segmenter);
                PrintList("passed over, for no result depends on it", passedOver);
                PrintList("not read, and never run: objects of", checkpoint.NotRead);
            }

            // What the file holds has been shown, and yet no command can use it.
            if (damage is not null)
                throw damage;
        });
        return command;
    }

    private static ((ModelEntry Entry, ModelOptions Options)? Fit, SegmenterDescription? Segmenter, CheckpointException? Damage) Recognize(Checkpoint checkpoint)
    {
        try
        {
            return SegmenterRecognition.IsSegmenter(checkpoint) ? (null, SegmenterRecognition.Recognize(checkpoint), null) : (ModelRecognition.Recognize(checkpoint), null, null);
        }
        catch (CheckpointException error)
        {
            return (null, null, error);
        }
    }

    private static IReadOnlyList<string> PassedOver(ModelEntry entry, ModelOptions options, Checkpoint checkpoint)
    {
        using IDisposable meta = new MetaDevice().Use();
        return ModelLoader.Compare(entry.Create(options), checkpoint).PassedOver;
    }

    private static void PrintList(string title, IReadOnlyList<string> names)
    {
        if (names.Count > 0)
            Console.WriteLine(PlainText.Of($"{title}: {string.Join(", ", names.Take(MaxNames))}{(names.Count > MaxNames ? $" and {names.Count - MaxNames} more" : "")}"));
    }

    private static void Print(Checkpoint checkpoint, (ModelEntry Entry, ModelOptions Options)? fit, SegmenterDescription? segmenter)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumn("tensor").AddColumn("shape").AddColumn("type").AddColumn(new TableColumn("bytes").RightAligned());
        foreach (CheckpointEntry entry in checkpoint.Entries.Take(MaxRows))
            table.AddRow(Markup.Escape(PlainText.Of(entry.Name)), entry.Shape.ToString(), entry.DType.ToString(), $"{entry.ByteCount:N0}");
        Terminal.Tables.Write(table);
        if (checkpoint.Entries.Count > MaxRows)
            Console.WriteLine($"and {checkpoint.Entries.Count - MaxRows} more; --json lists all");

        Console.WriteLine($"{checkpoint.Entries.Count} tensors, {checkpoint.Entries.Sum(entry => entry.Shape.Count):N0} values, {checkpoint.FileBytes:N0} bytes, {checkpoint.Format}");
        if (checkpoint.Sections.Count > 0)
            Console.WriteLine(PlainText.Of($"section {checkpoint.Section} of {string.Join(", ", checkpoint.Sections)}"));
        foreach ((string key, object? value) in checkpoint.Metadata.Where(entry => entry.Value is string or long or double or bool))
            Console.WriteLine(PlainText.Of($"{key}: {value}"));
        Console.WriteLine(segmenter is not null
            ? PlainText.Of($"fits {segmenter.Name}, a segmentation network with {segmenter.Classes.Names.Count} classes ({string.Join(", ", segmenter.Classes.Names.Take(MaxNames).Select(name => name.Trim()))}{(segmenter.Classes.Names.Count > MaxNames ? ", …" : "")}) for images with a short side of {segmenter.Scale.Short} pixels")
            : fit is { } found
            ? $"fits {found.Entry.Name}{(found.Entry.Config.Attention is { } attention ? $", attention {string.Join(", ", attention)}," : "")} with {found.Options.NumClasses} classes at {found.Options.ImageSize ?? found.Entry.ImageSize}²"
            : SequenceDescription.IsIn(checkpoint) ? "a classifier of sequences, trained on a task of Long Range Arena" : "fits none of the registered models");
    }
}
