using PolaFormer.Analysis.Report;
using PolaFormer.Checkpoints;
using PolaFormer.Measurement;
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

    /// <summary>Refuses what is no folder of images where nothing else says what to train.</summary>
    /// <exception cref="ConfigurationException">It is missing, or is a file.</exception>
    public static void RequireFolder(string? folder)
    {
        if (folder is null)
            throw new ConfigurationException("Nothing says what to train: give a folder of images with --data, a recipe with --cfg, or a network with --model.");
        if (File.Exists(folder))
            throw new ConfigurationException($"{folder}: it is a file, and recipes are made for folders. Unpack it, or name a recipe with --cfg.");
        if (!Directory.Exists(folder))
            throw new ConfigurationException($"{folder}: there is no such folder. --data takes a folder that has one folder of images for each class; check the path.");
    }

    /// <summary>Cuts the batches where a step would not fit memory; a run that is continued keeps its own.</summary>
    /// <param name="config">The recipe, whose batch size and accumulation are set.</param>
    /// <param name="asJson">Whether standard output is for the log alone.</param>
    public static void FitBatch(TrainingConfig config, bool asJson)
    {
        string earlier = Path.Combine(config.Output, "config.yaml");
        if (config.Train.AutoResume && File.Exists(earlier))
        {
            TrainingConfig before = ConfigurationReader.Read(earlier);
            (config.Data.BatchSize, config.Train.AccumulationSteps) = (before.Data.BatchSize, before.Train.AccumulationSteps);
            return;
        }

        if (BatchMemory.OfTraining(config) is not { } memory || memory.PartsOf(config.Data.BatchSize) is not (> 1 and int parts))
            return;
        int images = config.Data.BatchSize;
        config.Data.BatchSize = images / parts;
        config.Train.AccumulationSteps = parts;
        if (!asJson)
            Console.WriteLine(FormattableString.Invariant($"A step of {images} images takes about {memory.BytesOf(images) / 1e9:0.#} GB, and {memory.Free / 1e9:0.#} GB are free: {parts} times {config.Data.BatchSize} images a step (TRAIN.ACCUMULATION_STEPS)."));
    }

    private static ModelDescription DescriptionOf(string path)
    {
        using var checkpoint = Checkpoint.Open(path);
        return ModelDescription.From(checkpoint)
            ?? throw new ConfigurationException($"{path}: it does not say which network it is of. Name the network with --model, or a recipe with --cfg.");
    }
}
