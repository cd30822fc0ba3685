namespace PolaFormer.Reproduction;

/// <summary>What a reproduction is asked for.</summary>
/// <param name="Folder">Where results, finished cells and runs lie.</param>
public sealed record ReproductionOptions(string Folder)
{
    /// <summary>Tasks of Long Range Arena, by name; all where empty.</summary>
    public IReadOnlyList<string> Tasks { get; init; } = [];

    /// <summary>Mechanisms, by name; all of the table where empty.</summary>
    public IReadOnlyList<string> Mechanisms { get; init; } = [];

    /// <summary>Training steps of a cell; 0 for the table's own default.</summary>
    public int Steps { get; init; }

    /// <summary>Runs with different seeds, from 0.</summary>
    public int Seeds { get; init; } = 1;

    /// <summary>Minutes that a measurement of time may take.</summary>
    public double Minutes { get; init; } = 10;

    /// <summary>Folder of the tasks' recipes.</summary>
    public string Recipes { get; init; } = "";

    /// <summary>Where the rows of a task lie, by its name; of tasks without, only finished cells are shown.</summary>
    public IReadOnlyDictionary<string, string> Data { get; init; } = new Dictionary<string, string>();

    /// <summary>Keys and values in turn, put over the recipes.</summary>
    public IReadOnlyList<string> Overrides { get; init; } = [];

    /// <summary>Asks to stop; what is under way is saved.</summary>
    public CancellationToken Stop { get; init; }

    /// <summary>Told what is being computed.</summary>
    public Action<string> Progress { get; init; } = _ => { };

    /// <summary>Finished cells.</summary>
    public CellStore Cells => new(Path.Combine(Folder, "cells"));
}
