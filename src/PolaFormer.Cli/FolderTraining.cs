using PolaFormer.Analysis.Report;
using PolaFormer.Checkpoints;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;
using PolaFormer.Vision.Datasets;

namespace PolaFormer.Cli;

/// <summary><c>train --data FOLDER</c> without a recipe: looks at the images, says what spoils a run, and makes the recipe.</summary>
internal static class FolderTraining
{
    /// <summary>Keys and values of the recipe, behind which those of the command line come.</summary>
    /// <param name="folder">The images.</param>
    /// <param name="model">The network that the command names; null for the one that is started from.</param>
    /// <param name="pretrained">The checkpoint that the command names; null for the shipped one, or with <paramref name="model"/> for none.</param>
    /// <param name="given">Keys and values of the command line, of which those of the division are obeyed.</param>
    /// <param name="asJson">Whether standard output is for the log alone.</param>
    /// <exception cref="ConfigurationException">The recipe cannot be made for this network.</exception>
    public static IReadOnlyList<string> KeysFor(string folder, string? model, string? pretrained, IReadOnlyList<string> given, bool asJson)
    {
        string? start = pretrained ?? (model is null ? ShippedCheckpoint.Find() : null);
        TrainingConfig config = ConfigurationReader.Read(null, ["DATA.HOLD_OUT", "0.2", .. given]);
        config.Data.DataPath = folder;
        (IImageDataset train, IImageDataset evaluation) = TrainingData.OpenSplits(config);
        var inspection = DataInspection.Of(train, evaluation);
        if (!asJson)
            Console.WriteLine($"{PlainText.Of(folder)}: {inspection.Classes.Count} classes, {train.Count} images to train on, {evaluation.Count} to evaluate on{(train is ImageSubset ? $", divided by DATA.HOLD_OUT and SEED {config.Seed}" : "")}");
        foreach (string warning in inspection.Warnings())
            Console.Error.WriteLine($"warning: {PlainText.Of(warning)}");
        ModelDescription? description = start is null ? null : DescriptionOf(start);
        try
        {
            return ["DATA.HOLD_OUT", "0.2", .. FolderRecipe.KeysFor(inspection, description, model), .. start is null ? Array.Empty<string>() : ["MODEL.PRETRAINED", start]];
        }
        catch (ArgumentException error)
        {
            throw new ConfigurationException(error.Message);
        }
    }

    private static ModelDescription DescriptionOf(string path)
    {
        using var checkpoint = Checkpoint.Open(path);
        return ModelDescription.From(checkpoint)
            ?? throw new ConfigurationException($"{path}: it does not say which network it is of. Name the network with --model, or a recipe with --cfg.");
    }
}
