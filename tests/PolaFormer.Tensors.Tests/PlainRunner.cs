using System.Collections;
using System.Reflection;

namespace PolaFormer.Tensors.Tests;

/// <summary>
/// Runs tests without xunit's runner, which names them by hashes of the system's OpenSSL: emulated processors have none.
/// Knows what the kernels' tests use: facts, theories of lines or members, skips while running.
/// </summary>
internal static class PlainRunner
{
    private const string SkipPrefix = "$XunitDynamicSkip$";

    /// <summary>Runs the tests of classes and closes with one line of totals.</summary>
    /// <param name="classes">Names of classes without their namespace.</param>
    /// <returns>0 where every class was found and nothing failed.</returns>
    public static int Run(ReadOnlySpan<string> classes)
    {
        int passed = 0, failed = 0, skipped = 0;
        foreach (string name in classes)
        {
            Type type = typeof(PlainRunner).Assembly.GetTypes().Single(type => type.Name == name);
            foreach (MethodInfo test in type.GetMethods().Where(method => method.GetCustomAttribute<FactAttribute>() is not null))
            {
                foreach (object?[] arguments in Arguments(test))
                {
                    switch (Failure(test, arguments))
                    {
                        case null:
                            passed++;
                            break;
                        case { } skip when skip.Message.StartsWith(SkipPrefix, StringComparison.Ordinal):
                            Console.WriteLine($"skip  {name}.{test.Name}: {skip.Message[SkipPrefix.Length..]}");
                            skipped++;
                            break;
                        case { } failure:
                            Console.WriteLine($"FAIL  {name}.{test.Name}({string.Join(", ", arguments)})\n{failure}");
                            failed++;
                            break;
                    }
                }
            }
        }

        Console.WriteLine($"{passed} passed, {failed} failed, {skipped} skipped");
        return failed == 0 ? 0 : 1;
    }

    private static Exception? Failure(MethodInfo test, object?[] arguments)
    {
        object? instance = null;
        try
        {
            instance = Activator.CreateInstance(test.DeclaringType!);
            (test.Invoke(instance, arguments) as Task)?.GetAwaiter().GetResult();
            return null;
        }
        catch (TargetInvocationException exception)
        {
            return exception.InnerException;
        }
        finally
        {
            (instance as IDisposable)?.Dispose();
        }
    }

    private static IEnumerable<object?[]> Arguments(MethodInfo test)
    {
        if (test.GetCustomAttribute<TheoryAttribute>() is null)
            return [[]];
        IEnumerable<object?[]> lines = test.GetCustomAttributes<InlineDataAttribute>().Select(line => line.Data);
        return lines.Concat(test.GetCustomAttributes<MemberDataAttribute>().SelectMany(member => Rows(test.DeclaringType!, member)));
    }

    private static IEnumerable<object?[]> Rows(Type type, MemberDataAttribute member)
    {
        object rows = type.GetProperty(member.MemberName)?.GetValue(null) ?? type.GetMethod(member.MemberName)!.Invoke(null, member.Arguments)!;
        return ((IEnumerable)rows).Cast<object>().Select(row => row is ITheoryDataRow data ? data.GetData() : (object?[])row);
    }
}
