using PolaFormer.Conformance;

try
{
    return ConformanceCommand.Create().Parse(args).Invoke(new() { EnableDefaultExceptionHandler = false });
}
catch (Exception error)
{
    // A case that fails is a result; this is a folder that cannot be read, or a defect of the harness.
    Console.Error.WriteLine($"polaformer: {error.GetType().Name}: {error.Message.ReplaceLineEndings(" ")}");
    return 1;
}
