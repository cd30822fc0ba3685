using System.CommandLine;

namespace PolaFormer.Cli.LongRange;

/// <summary><c>longrange</c>: the data of Long Range Arena.</summary>
internal static class LongRangeCommand
{
    public static Command Create() => new("longrange", "Data of Long Range Arena: make ListOps and Pathfinder, look at any of its tasks.")
    {
        GenerateCommand.Create(),
        InspectDataCommand.Create(),
    };
}
